import { crc32c } from '../../../lib/crc32c.ts';
import type { FileRun } from './contents.ts';
import { blockSize } from './geometry.ts';
import { blockAreaOffset } from './inode.ts';

// https://docs.kernel.org/filesystems/ext4/ifork.html#extent-tree

const magic = 0xf30a;
const headerSize = 12;
const entrySize = 12;
const entriesInInode = 4;
/** What follows them in a block is its checksum. */
const entriesInBlock = Math.floor((blockSize - headerSize) / entrySize);
const checksumOffset = headerSize + entriesInBlock * entrySize;
/** Blocks of one extent; a larger number means blocks that are allocated and not written. */
const maximumLength = 32768;

/** An extent, or a block of the next lower level that begins with the file's block `block`. */
interface Entry {
  block: number;
  first: number;
  /** 0 in an inner node. */
  count: number;
}

/** What writes blocks of metadata. */
export interface TreeTarget {
  /** A place for one more block. */
  takeBlock(): number;
  write(block: number, bytes: Buffer): void;
}

/**
 * Writes which blocks belong to an inode, into it and, where four extents do not do, into blocks.
 * @param seedOf gives where the checksums of the inode begin
 * @returns how many blocks the tree took
 */
export function writeExtentTree(
  inode: Buffer,
  runs: readonly FileRun[],
  seedOf: () => number,
  { takeBlock, write }: TreeTarget,
): number {
  let entries = splitRuns(runs);
  let depth = 0;
  let treeBlocks = 0;
  while (entries.length > entriesInInode) {
    const parents: Entry[] = [];
    for (let index = 0; index < entries.length; index += entriesInBlock) {
      const children = entries.slice(index, index + entriesInBlock);
      const block = takeBlock();
      const bytes = Buffer.alloc(blockSize);
      writeNode(bytes, 0, children, { maximum: entriesInBlock, depth });
      bytes.writeUInt32LE(crc32c(seedOf(), bytes.subarray(0, checksumOffset)), checksumOffset);
      write(block, bytes);
      parents.push({ block: (children[0] as Entry).block, first: block, count: 0 });
    }
    treeBlocks += parents.length;
    entries = parents;
    depth++;
  }
  writeNode(inode, blockAreaOffset, entries, { maximum: entriesInInode, depth });
  return treeBlocks;
}

function splitRuns(runs: readonly FileRun[]): readonly Entry[] {
  if (runs.every(({ count }) => count <= maximumLength)) return runs;
  return runs.flatMap(({ block, first, count }) =>
    Array.from({ length: Math.ceil(count / maximumLength) }, (_, index) => {
      const offset = index * maximumLength;
      return { block: block + offset, first: first + offset, count: Math.min(maximumLength, count - offset) };
    }),
  );
}

function writeNode(
  bytes: Buffer,
  begin: number,
  entries: readonly Entry[],
  { maximum, depth }: { maximum: number; depth: number },
): void {
  bytes.writeUInt16LE(magic, begin);
  bytes.writeUInt16LE(entries.length, begin + 2);
  bytes.writeUInt16LE(maximum, begin + 4);
  bytes.writeUInt16LE(depth, begin + 6);
  let at = begin + headerSize;
  for (const { block, first, count } of entries) {
    const [low, high] = [first % 2 ** 32, Math.floor(first / 2 ** 32)];
    bytes.writeUInt32LE(block, at);
    if (depth === 0) {
      bytes.writeUInt16LE(count, at + 4);
      bytes.writeUInt16LE(high, at + 6);
      bytes.writeUInt32LE(low, at + 8);
    } else {
      bytes.writeUInt32LE(low, at + 4);
      bytes.writeUInt16LE(high, at + 8);
    }
    at += entrySize;
  }
}
