import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expandPackages } from '../../../src/packages/deb/expand.ts';
import { openPackageFiles, type PackageFile } from '../../../src/packages/deb/package-file.ts';
import { buildPackage } from './local-repository.ts';

const { signal } = new AbortController();
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  await mkdir(join(directory, 'expanded'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A package with more content than one chunk, packed in one of dpkg-deb's ways. */
async function packed(compression: string): Promise<PackageFile> {
  const text = Array.from({ length: 60_000 }, (_, index) => `line ${index} of ${compression}\n`).join('');
  const built = await buildPackage({ name: compression, files: { '/usr/share/text': text } }, directory);
  const tree = await mkdtemp(join(directory, 'tree-'));
  execFileSync('dpkg-deb', ['--raw-extract', built, tree]);
  const file = join(directory, `${compression}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', tree, file], { stdio: 'pipe' });
  const locked = {
    name: compression,
    version: '1.0',
    architecture: 'all',
    source: compression,
    sha256: compression,
    size: 0,
    repository: 'os',
    path: '',
  };
  const [opened] = await openPackageFiles([{ locked, file }], signal);
  if (opened === undefined) throw new Error(`${file} was not opened`);
  return opened;
}

const listed = (file: string, what: string) => execFileSync('dpkg-deb', [what, file], { maxBuffer: 1 << 26 });

describe('packages with their files uncompressed', () => {
  it.each(['xz', 'gzip', 'zstd', 'none'])('are for dpkg-deb what they were: %s', async (compression) => {
    const item = await packed(compression);
    await expandPackages([item], join(directory, 'expanded'), signal);
    const file = join(directory, 'expanded', `${compression}.deb`);
    for (const what of ['--fsys-tarfile', '--ctrl-tarfile']) {
      expect(listed(file, what).equals(listed(item.archive.data.file, what))).toBe(true);
    }
    const [expanded] = await openPackageFiles([{ locked: item.locked, file }], signal);
    expect(expanded?.archive.data.compression).toBe('none');
  });

  it('stay as they are where only dpkg knows the compression', async () => {
    const item = await packed('gzip');
    const file = join(directory, 'unknown.deb');
    await rename(item.archive.data.file, file);
    const archive = { ...item.archive, data: { ...item.archive.data, file, compression: 'other' as const } };
    const locked = { ...item.locked, sha256: 'unknown' };
    await expandPackages([{ ...item, locked, archive }], join(directory, 'expanded'), signal);
    expect(listed(join(directory, 'expanded/unknown.deb'), '--info')).toEqual(listed(file, '--info'));
  });
});
