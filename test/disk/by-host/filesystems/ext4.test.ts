import { chmod, link, mkdir, mkdtemp, open, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ext4 } from '../../../../src/disk/by-host/filesystems/ext4.ts';
import type { FilesystemRequest } from '../../../../src/disk/by-host/filesystems/filesystem.ts';
import { run, tryRun } from '../../../../src/exec/run.ts';
import { tools } from '../../../../src/exec/tools.ts';
import { digestFile } from '../../../../src/lib/digest.ts';
import { silentReporter } from '../../../../src/progress/reporter.ts';

const e2fsck = { name: 'e2fsck', packages: { deb: 'e2fsprogs', rpm: 'e2fsprogs' }, purpose: 'checks filesystems' };
const offset = 1 << 20;
const size = 64 << 20;
const timestamp = 1_700_000_000;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-ext4-'));
});
afterAll(() => rm(base, { recursive: true }));

/** The same tree, made in the given order of names. */
async function makeTree(name: string, order: (names: string[]) => string[]): Promise<string> {
  const tree = join(base, name);
  await mkdir(join(tree, 'd'), { recursive: true });
  for (const file of order(Array.from({ length: 200 }, (_, index) => `f${index}`))) {
    await writeFile(join(tree, 'd', file), file.repeat(1000));
    await utimes(join(tree, 'd', file), 0, 0);
  }
  await writeFile(join(tree, 'now'), 'now');
  await chmod(join(tree, 'now'), 0o640);
  await link(join(tree, 'd/f1'), join(tree, 'hard'));
  await symlink('d/f1', join(tree, 'soft'));
  return tree;
}

async function writeDisk(name: string, source: string, extra: Partial<FilesystemRequest> = {}): Promise<string> {
  const disk = join(base, name);
  await (await open(disk, 'w')).close();
  await truncate(disk, offset + size);
  const request = {
    disk,
    offset,
    size,
    source,
    scratch: base,
    label: 'root',
    uuid: '6a4c7b0e-1d2f-8a3b-9c4d-5e6f70819203',
    timestamp,
    options: '',
  };
  await ext4.write({ ...request, ...extra }, silentReporter());
  return disk;
}

describe('ext4', () => {
  it('gives the same bytes for trees made in another order at another time', async () => {
    const first = await writeDisk('one', await makeTree('tree-1', (names) => names));
    const second = await writeDisk('two', await makeTree('tree-2', (names) => names.reverse()));
    expect(await digestFile(first)).toEqual(await digestFile(second));
  });

  it.each([
    ['as usual', {}],
    ['without checksums', { options: '-O ^metadata_csum' }],
    ['with a checksum seed', { options: '-O metadata_csum_seed' }],
    ['beyond 2038', { timestamp: 5_000_000_000 }],
    ['with an immutable directory', { immutable: '/d' }],
  ])('is a filesystem that e2fsck finds no fault with: %s', async (_, extra) => {
    const source = join(base, 'tree-1');
    const disk = await writeDisk('checked', source, extra);
    const { stdout, exitCode } = await tryRun(e2fsck, ['-fn', `${disk}?offset=${offset}`]);
    expect(stdout).toContain('Pass 5');
    expect(exitCode).toBe(0);
  });

  it('settles all times but those that are zero', async () => {
    const disk = await writeDisk('times', join(base, 'tree-1'), { immutable: '/d' });
    const at = async (path: string) =>
      (await run(tools.debugfs, ['-R', `stat ${path}`, `${disk}?offset=${offset}`])).stdout;
    const hex = timestamp.toString(16);
    const times = (text: string) =>
      [...text.matchAll(/(\w+)time: 0x([0-9a-f]+)/g)].map((match) => `${match[1]} ${match[2]}`);
    expect(times(await at('/now'))).toEqual([`c ${hex}`, `a ${hex}`, `m ${hex}`, `cr ${hex}`]);
    expect(times(await at('/d/f7'))).toEqual([`c ${hex}`, `a ${hex}`, 'm 00000000', `cr ${hex}`]);
    expect(times(await at('/'))).toEqual([`c ${hex}`, `a ${hex}`, `m ${hex}`, `cr ${hex}`]);
    expect(await at('/now')).toMatch(/Mode: {2}0640/);
    expect(await at('/hard')).toMatch(/Links: 2/);
    expect(await at('/d')).toMatch(/Flags: 0x80010/);
  });

  it.each([
    ['blocks', 16 << 20, ''],
    ['inodes', size, '-N 20'],
  ])('says when %s run out', async (_, bytes, options) => {
    const source = await makeTree(`large-${options}`, (names) => names);
    await writeFile(join(source, 'large'), Buffer.alloc(16 << 20, 1));
    const write = writeDisk('full', source, { size: bytes, options });
    await expect(write).rejects.toMatchObject({
      code: 'FILESYSTEM_FULL',
      message: `the root filesystem (${bytes >> 20} MiB) is too small`,
    });
  });

  it('says when the directory to be made immutable does not exist', async () => {
    await expect(writeDisk('none', join(base, 'tree-1'), { immutable: '/none' })).rejects.toThrow(
      'debugfs: set_inode_field /none flags 0x80010: /none: File not found by ext2_lookup',
    );
  });
});
