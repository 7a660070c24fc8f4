import { describe, expect, it } from 'vitest';
import { type DirectoryEntry, entryTypes } from '../../../../src/disk/filesystems/ext4/directory.ts';
import { hashTree } from '../../../../src/disk/filesystems/ext4/hash-tree.ts';

const self: [DirectoryEntry, DirectoryEntry] = [
  { name: '.', inode: 12, type: entryTypes.directory },
  { name: '..', inode: 2, type: entryTypes.directory },
];
/** Of 12 bytes each: 340 fill a leaf. */
const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: index.toString(36).padStart(4, '0'), inode: index, type: 1 }));

/** What a block names: first the number of children, in place of a hash. */
function pairs(block: Buffer | undefined, begin: number): { hash: number; block: number }[] {
  const count = block?.readUInt16LE(begin + 2) ?? 0;
  return Array.from({ length: count }, (_, index) => ({
    hash: index === 0 ? 0 : (block?.readUInt32LE(begin + index * 8) ?? 0),
    block: block?.readUInt32LE(begin + index * 8 + 4) ?? 0,
  }));
}

describe('hashTree', () => {
  it('marks a leaf that goes on with the hash of the leaf before', () => {
    const hashOf = (name: string) => ({ major: name < '00b0' ? 2 : 4, minor: 0 });
    const blocks = hashTree(self, entries(800), hashOf, 0);
    expect(blocks).toHaveLength(4);
    expect(pairs(blocks?.[0], 32)).toEqual([
      { hash: 0, block: 1 },
      { hash: 3, block: 2 },
      { hash: 5, block: 3 },
    ]);
  });

  it('has nodes between root and leaves where the root cannot name all leaves', () => {
    let next = 0;
    const blocks = hashTree(self, entries(507 * 340 + 1), () => ({ major: 2 * ++next, minor: 0 }), 0);
    expect(blocks).toHaveLength(1 + 1 + 508);
    expect(blocks?.[0]?.readUInt8(30)).toBe(1);
    expect(pairs(blocks?.[0], 32)).toEqual([{ hash: 0, block: 1 }]);
    expect(pairs(blocks?.[1], 8).at(-1)).toEqual({ hash: 2 + 507 * 340 * 2, block: 1 + 508 });
  });
});
