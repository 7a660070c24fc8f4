import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DirectoryNode, TreeNode } from '../../../src/disk/filesystems/tree.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import { ask, check, clean, makeImage, makeRanges, summary, timestamp, uuid } from './ext4/image.ts';
import { directory, file, store, symlink } from './tree.ts';

const mebibyte = 2 ** 20;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-ext4-'));
});
afterAll(() => rm(base, { recursive: true }));

describe('ext4', () => {
  it('has the features, names and times that it shall have', async () => {
    const image = join(base, 'features');
    await makeImage(image, directory({ a: file('a') }), { size: 3072 * mebibyte, label: 'a label with 16' });
    expect(await check(image)).toMatchObject(clean);
    expect(await summary(image)).toMatchObject({
      'Filesystem volume name': 'a label with 16',
      'Filesystem UUID': uuid,
      'Filesystem features':
        'has_journal ext_attr resize_inode dir_index filetype extent 64bit flex_bg metadata_csum_seed sparse_super large_file huge_file dir_nlink extra_isize metadata_csum',
      'Filesystem flags': 'signed_directory_hash ',
      'Default mount options': 'user_xattr acl',
      'Filesystem state': 'clean',
      'Errors behavior': 'Continue',
      'Inode count': '196608',
      'Block count': '786432',
      'Reserved block count': '39321',
      'Block size': '4096',
      'Reserved GDT blocks': '511',
      'Blocks per group': '32768',
      'Inodes per group': '8192',
      'Flex block group size': '16',
      'Inode size': '256',
      'Journal inode': '8',
      'Default directory hash': 'half_md4',
      'Directory Hash Seed': uuid,
      'Maximum mount count': '-1',
      'Total journal size': '64M',
      'Checksum type': 'crc32c',
    });
    const said = await ask(image, 'stat /a');
    expect([...said.matchAll(/(\w+)time: 0x([0-9a-f]+)/g)].map(([, which, hex]) => `${which} ${hex}`)).toEqual([
      ...['c', 'a'].map((which) => `${which} ${timestamp.toString(16)}`),
      `m ${(1_600_000_000).toString(16)}`,
      `cr ${timestamp.toString(16)}`,
    ]);
  });

  it('takes the nearest time that it can hold', async () => {
    const image = join(base, 'late');
    await makeImage(image, directory(), { size: 64 * mebibyte, timestamp: Number.MAX_SAFE_INTEGER });
    expect(await ask(image, 'stat /')).toMatch(/ctime: 0x7fffffff:00000002/);
  });

  it('keeps the immutable flag, inline and long targets, and one inode for all names of a file', async () => {
    const image = join(base, 'kinds');
    const shared = file('shared');
    await makeImage(
      image,
      directory({
        one: shared,
        two: shared,
        fixed: directory({ three: shared }, { isImmutable: true }),
        inline: symlink('x'.repeat(59)),
        block: symlink('x'.repeat(60)),
        longest: symlink('x'.repeat(4095)),
      }),
    );
    expect(await check(image)).toMatchObject(clean);
    expect(await ask(image, 'stat /two')).toMatch(/Links: 3 /);
    expect(await ask(image, 'cat /fixed/three')).toBe('shared');
    expect(await ask(image, 'stat /fixed')).toMatch(/Flags: 0x80010\b/);
    expect(await ask(image, 'stat /inline')).toMatch(/Blockcount: 0\n/);
    expect(await ask(image, 'stat /block')).toMatch(/Size: 60\n.*Blockcount: 8\n/s);
    expect(await ask(image, 'stat /longest')).toMatch(/Size: 4095\n/);
  });

  it('holds a tree that is 1500 directories deep, and a directory of the name of its own', async () => {
    const image = join(base, 'deep');
    let deep: DirectoryNode = directory({ end: file('the end') });
    for (let depth = 0; depth < 1500; depth++) deep = directory({ d: deep });
    await makeImage(image, directory({ deep, 'lost+found': directory({ found: file('found') }) }));
    expect(await check(image)).toMatchObject(clean);
    expect(await ask(image, 'stat /lost+found')).toMatch(/^Inode: 11 /);
    expect(await ask(image, 'cat /lost+found/found')).toBe('found');
  });

  it.each([
    ['1 file', 1, 70, /Flags: 0x80000\b/],
    ['200 files in more than a block', 200, 70, /Flags: 0x81000\b/],
    ['100,000 files, whose index takes two levels', 100_000, 60, /Flags: 0x81000\b/],
  ])('holds a directory of %s', async (_, count, length, flags) => {
    const image = join(base, 'large');
    const names = Array.from({ length: count }, (_, index) => `${index}`.padStart(length, 'n'));
    await makeImage(image, (writer) => {
      const entries = names.map((name): [string, TreeNode] => [
        name,
        file(store(writer.create(name.length), Buffer.from(name))),
      ]);
      return directory({ d: directory({}, { entries: new Map(entries) }) });
    });
    expect(await check(image)).toMatchObject(clean);
    expect(await ask(image, 'stat /d')).toMatch(flags);
    const last = names.at(-1) ?? '';
    expect(await ask(image, `cat /d/${last}`)).toBe(last);
  });

  it('counts 65,000 links of a file, and nobody counts the directories in one with more', async () => {
    const image = join(base, 'links');
    const shared = file('');
    const names = Array.from({ length: 65_000 }, (_, index): [string, TreeNode] => [`${index}`, shared]);
    const directories = names.map(([name]): [string, TreeNode] => [name, directory()]);
    await makeImage(
      image,
      directory({
        names: directory({}, { entries: new Map(names) }),
        directories: directory({}, { entries: new Map(directories) }),
      }),
    );
    expect(await check(image)).toMatchObject(clean);
    expect(await ask(image, 'stat /names/64999')).toMatch(/Links: 65000 /);
    expect(await ask(image, 'stat /directories')).toMatch(/Links: 1 /);
  });

  it('has the same bytes on every host, each time that the tree is written', async () => {
    const tree = directory({
      'in memory': file('in memory'),
      link: symlink('x'.repeat(200)),
      many: directory(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`name ${index}`, directory()]))),
    });
    for (let round = 0; round < 2; round++) {
      const { ranges, size } = await makeRanges(tree);
      const sum = ranges.map(({ position, bytes }) => `${position} ${sha256Hex(bytes)}\n`).join('');
      expect([size, sha256Hex(sum)]).toEqual([
        295 * 2 ** 20,
        '453731b302880601509698844d939d3e7c6c94a3237b14aa8749670cf199fd09',
      ]);
    }
  });
});
