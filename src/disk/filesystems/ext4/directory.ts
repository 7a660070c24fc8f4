import { crc32c } from '../../../lib/crc32c.ts';
import type { ByteString, TreeNode } from '../tree.ts';
import { blockSize } from './geometry.ts';

// https://docs.kernel.org/filesystems/ext4/directory.html

const entryHeaderSize = 8;
const tailSize = 12;
/** Says that the entry at the end of a block holds the block's checksum. */
const tailType = 0xde;

/** Bytes of a block for entries. */
const entryRoom = blockSize - tailSize;

export const entryTypes: Readonly<Record<TreeNode['kind'], number>> = { file: 1, directory: 2, symlink: 7 };

export interface DirectoryEntry {
  name: ByteString;
  inode: number;
  type: number;
}

export function entrySize(nameLength: number): number {
  return (entryHeaderSize + nameLength + 3) & ~3;
}

/** Writes an entry. @param length bytes up to the next entry */
export function writeEntry(block: Buffer, at: number, { name, inode, type }: DirectoryEntry, length: number): void {
  block.writeUInt32LE(inode, at);
  block.writeUInt16LE(length, at + 4);
  block.writeUInt8(name.length, at + 6);
  block.writeUInt8(type, at + 7);
  block.write(name, at + entryHeaderSize, 'latin1');
}

/**
 * A block of entries, of which the last one takes what is left.
 * @param inodeSeed where the checksums of the directory's inode begin
 */
export function entriesBlock(entries: readonly DirectoryEntry[], inodeSeed: number): Buffer {
  const block = Buffer.alloc(blockSize);
  // A block without entries has one that is not in use.
  if (entries.length === 0) block.writeUInt16LE(entryRoom, 4);
  let at = 0;
  for (const [index, entry] of entries.entries()) {
    const isLast = index === entries.length - 1;
    const length = isLast ? entryRoom - at : entrySize(entry.name.length);
    writeEntry(block, at, entry, length);
    at += length;
  }
  block.writeUInt16LE(tailSize, entryRoom + 4);
  block.writeUInt8(tailType, entryRoom + 7);
  block.writeUInt32LE(crc32c(inodeSeed, block.subarray(0, entryRoom)), entryRoom + 8);
  return block;
}

/** Entries in as few blocks as their order allows. */
export function groupEntries<Entry extends DirectoryEntry>(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const size = entrySize(entry.name.length);
    if (size > room) {
      groups.push([]);
      room = entryRoom;
    }
    groups.at(-1)?.push(entry);
    room -= size;
  }
  return groups;
}
