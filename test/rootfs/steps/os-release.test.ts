import { appendFile, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutateOsRelease, osRelease, withoutVersion } from '../../../src/rootfs/steps/os-release.ts';
import { contextFor, writeTree } from '../support.ts';

const debian = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nVERSION="13 (trixie)"\nID=debian\n';
const request = { osName: 'test-os', version: '13.0.7', mutateOsRelease: '13' };

describe('mutateOsRelease', () => {
  it('puts the version into VERSION and PRETTY_NAME, and adds what identifies the image', () => {
    expect(mutateOsRelease(debian, request)).toBe(
      'PRETTY_NAME="Debian GNU/Linux 13.0.7 (trixie)"\nVERSION_ID="13"\nVERSION="13.0.7 (trixie)"\nID=debian\n' +
        'IMAGE_ID=test-os\nIMAGE_VERSION=13.0.7\nOSTREE_VERSION=13.0.7\n',
    );
  });

  it('only adds where nothing is to be changed, and once', () => {
    const once = mutateOsRelease('ID=x\n', { ...request, mutateOsRelease: undefined });
    expect(once).toBe('ID=x\nIMAGE_ID=test-os\nIMAGE_VERSION=13.0.7\nOSTREE_VERSION=13.0.7\n');
    expect(mutateOsRelease(once, { ...request, mutateOsRelease: undefined })).toBe(once);
  });

  it('quotes for a shell', () => {
    expect(mutateOsRelease('', { osName: "a'b", version: '$(x) &', mutateOsRelease: undefined })).toBe(
      "IMAGE_ID='a'\\''b'\nIMAGE_VERSION='$(x) &'\nOSTREE_VERSION='$(x) &'\n",
    );
  });

  it('replaces the text wherever it stands in the two lines, and nothing is no error', () => {
    const text = 'VERSION="4 (Four 4)"\nVERSION_ID=4\n';
    expect(mutateOsRelease(text, { ...request, mutateOsRelease: '4' })).toContain(
      'VERSION="13.0.7 (Four 13.0.7)"\nVERSION_ID=4\n',
    );
    expect(mutateOsRelease(text, { ...request, mutateOsRelease: '12' })).toContain(text);
  });
});

describe('osRelease', () => {
  it('writes the file, which belongs to what changes with each build', async () => {
    const root = await writeTree({ 'usr/lib/os-release': debian });
    const context = contextFor(root, request);
    await osRelease.run(context);
    expect(await readFile(join(root, 'usr/lib/os-release'), 'utf8')).toContain('OSTREE_VERSION=13.0.7\n');
    expect(context.generated.get('/usr/lib/os-release')).toBe('build-metadata');
  });

  it('warns of a text that is not there', async () => {
    const context = contextFor(await writeTree({ 'usr/lib/os-release': debian }), {
      ...request,
      mutateOsRelease: '12',
    });
    await osRelease.run(context);
    expect(context.warnings).toEqual([
      'VERSION and PRETTY_NAME of /usr/lib/os-release do not have "12", which mutate-os-release wants replaced',
    ]);
  });

  it('is without the version for what must not depend on it, also where a script has changed it', async () => {
    const root = await writeTree({ 'usr/lib/os-release': debian });
    const file = join(root, 'usr/lib/os-release');
    await utimes(file, 7, 7);
    const context = contextFor(root, request);
    const seen = () => withoutVersion(context, async () => [await readFile(file, 'utf8'), (await stat(file)).mtimeMs]);
    await osRelease.run(context);
    const versioned = await readFile(file, 'utf8');
    expect(await seen()).toEqual([debian, 7000]);
    expect(await readFile(file, 'utf8')).toBe(versioned);
    await appendFile(file, 'NOTE="made of 13.0.7"\n');
    const [text] = await seen();
    expect(text).toContain('NOTE="made of 13"\n');
    expect(text).not.toContain('13.0.7');
  });

  it('says what is missing', async () => {
    await expect(osRelease.run(contextFor(await writeTree({})))).rejects.toMatchObject({
      code: 'OS_RELEASE_MISSING',
      message: 'the root has no /usr/lib/os-release',
    });
  });
});
