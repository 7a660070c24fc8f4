import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutateOsRelease, osRelease } from '../../../src/rootfs/steps/os-release.ts';
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

  it.each(['3', '2013', '12', '1.3'])('does not find "%s" in another word', (text) => {
    expect(() => mutateOsRelease(debian, { ...request, mutateOsRelease: text })).toThrow(
      expect.objectContaining({
        code: 'MUTATE_OS_RELEASE',
        exitStatus: 2,
        message: `VERSION and PRETTY_NAME of /usr/lib/os-release do not have "${text}"`,
        hint: 'they say: PRETTY_NAME="Debian GNU/Linux 13 (trixie)", VERSION="13 (trixie)"',
      }),
    );
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

  it('says what is missing', async () => {
    await expect(osRelease.run(contextFor(await writeTree({})))).rejects.toMatchObject({
      code: 'OS_RELEASE_MISSING',
      message: 'the root has no /usr/lib/os-release',
    });
  });
});
