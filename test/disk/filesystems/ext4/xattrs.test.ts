import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TreeNode } from '../../../../src/disk/filesystems/tree.ts';
import { readXattrs } from '../../../../src/exec/tools/getfattr.ts';
import { sortByBytes } from '../../../../src/lib/order.ts';
import type { Xattr } from '../../../../src/lib/xattr.ts';
import { withMounted } from '../../../helpers/mounted.ts';
import { directory, file, symlink } from '../tree.ts';
import { ask, check, clean, makeImage } from './image.ts';
import { xattrsByDebugfs } from './read-back.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-ext4-xattrs-'));
});
afterAll(() => rm(base, { recursive: true }));

const label = { name: 'security.selinux', value: Buffer.from('system_u:object_r:bin_t:s0\0') };
const capability = { name: 'security.capability', value: Buffer.from(`01000002${'00200000'.repeat(4)}`, 'hex') };
const entry = (tag: number, permissions: number, id = 0xffffffff) => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(tag, 0);
  bytes.writeUInt16LE(permissions, 2);
  bytes.writeUInt32LE(id, 4);
  return bytes;
};
const acl = Buffer.concat([
  Buffer.from([2, 0, 0, 0]),
  ...[entry(1, 6), entry(2, 7, 1000), entry(4, 4), entry(8, 5, 4_000_000_000), entry(0x10, 7), entry(0x20, 4)],
]);

/** What the kernel reads, if it may be asked. */
async function byKernel(image: string): Promise<Map<string, Xattr[]> | undefined> {
  return process.getuid?.() === 0 ? withMounted(image, (place) => readXattrs(place)) : undefined;
}

describe('extended attributes in ext4', () => {
  it('lie in the inode, and in a block if they are too many', async () => {
    const image = join(base, 'places');
    const tree = directory({
      label: file('', { xattrs: [label] }),
      capability: file('', { xattrs: [capability] }),
      both: file('', { xattrs: [capability, label] }),
      link: symlink('x'.repeat(100), { xattrs: [label] }),
    });
    await makeImage(image, tree);
    expect(await check(image)).toMatchObject(clean);
    const block = async (path: string) => /^File ACL: (\d+)/m.exec(await ask(image, `stat ${path}`))?.[1];
    expect([await block('/label'), await block('/capability'), await block('/link')]).toEqual(['0', '0', '0']);
    expect(await block('/both')).not.toBe('0');
    expect((await byKernel(image))?.get('/both') ?? [capability, label]).toEqual([capability, label]);
  });

  it('are shared by up to 1024 inodes', async () => {
    const image = join(base, 'shared');
    const xattrs = [{ name: 'user.large', value: Buffer.alloc(2000, 'x') }];
    const files = Array.from({ length: 1025 }, (_, index): [string, TreeNode] => [`${index}`, file('', { xattrs })]);
    await makeImage(image, directory({}, { entries: new Map(files) }));
    expect(await check(image)).toMatchObject(clean);
    const block = async (inode: number) => Number(/^File ACL: (\d+)/m.exec(await ask(image, `stat <${inode}>`))?.[1]);
    const first = await block(12);
    expect(await block(12 + 1023)).toBe(first);
    expect(await block(12 + 1024)).toBe(first + 1);
  });

  it('hold access control lists, which the kernel gives back', async () => {
    const image = join(base, 'lists');
    const lists = [
      { name: 'system.posix_acl_access', value: acl },
      { name: 'system.posix_acl_default', value: acl },
    ];
    await makeImage(image, directory({ d: directory({}, { xattrs: lists }) }));
    expect(await check(image)).toMatchObject(clean);
    // debugfs, which has no numbers where none are needed, says 0.
    const [seen] = await xattrsByDebugfs(image, [{ inode: 12, name: 'system.posix_acl_access' }]);
    expect(seen?.toString('hex')).toBe(acl.toString('hex').replaceAll('ffffffff', '00000000'));
    expect((await byKernel(image))?.get('/d') ?? lists).toEqual(lists);
  });

  it('are what was stored, whatever they are', async () => {
    const xattr = fc.record({
      name: fc.stringMatching(/^(user|trusted|security)\.[a-z]{1,30}$/),
      value: fc
        .oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 700 }))
        .map((value) => Buffer.from(value)),
    });
    const xattrs = fc.uniqueArray(xattr, { maxLength: 5, selector: ({ name }) => name });
    await fc.assert(
      fc.asyncProperty(fc.array(xattrs, { minLength: 1, maxLength: 20 }), async (all) => {
        const image = join(base, 'random');
        const named = new Map(all.map((xattrs, index) => [`f${String(index).padStart(2, '0')}`, xattrs]));
        const files = [...named].map(([name, xattrs]): [string, TreeNode] => [name, file('', { xattrs })]);
        await makeImage(image, directory({}, { entries: new Map(files) }));
        expect(await check(image)).toMatchObject(clean);
        const wanted = all.flatMap((xattrs, index) =>
          xattrs.map(({ name, value }) => ({ inode: 12 + index, name, value })),
        );
        expect(await xattrsByDebugfs(image, wanted)).toEqual(wanted.map(({ value }) => value));
        const seen = await byKernel(image);
        for (const [name, xattrs] of seen === undefined ? [] : named) {
          const sorted = sortByBytes(xattrs.map(({ name }) => name)).map((name) =>
            xattrs.find((xattr) => xattr.name === name),
          );
          expect(seen?.get(`/${name}`) ?? []).toEqual(sorted);
        }
      }),
      { numRuns: 20 },
    );
  });
});
