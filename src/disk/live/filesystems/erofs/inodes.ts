// https://erofs.docs.kernel.org/en/latest/ondisk/core_ondisk.html, "Inodes", and compressed_inodes.html
import type { StoredFile } from './cluster-index.ts';

/** Inodes are counted in slots of this size. */
export const slotBytes = 32;
/** An inode of the larger kind, which has a time of its own. */
export const inodeBytes = 64;

/** What all inodes have. They are root's. */
interface Inode {
  number: number;
  /** Seconds since the epoch. */
  timestamp: number;
}

/** How contents lie: block behind block, or as an index says. */
const layouts = { plain: 0, indexed: 1 };
const modes = { file: 0o100_644, directory: 0o040_755 };

interface Content {
  layout: number;
  mode: number;
  size: number;
  links: number;
  /** The first block of a plain content; how many an indexed one has. */
  blocks: number;
}

function inode({ number, timestamp }: Inode, { layout, mode, size, links, blocks }: Content): Buffer {
  const bytes = Buffer.alloc(inodeBytes);
  bytes.writeUInt16LE(1 | (layout << 1), 0);
  bytes.writeUInt16LE(mode, 4);
  bytes.writeBigUInt64LE(BigInt(size), 8);
  bytes.writeUInt32LE(blocks, 16);
  bytes.writeUInt32LE(number, 20);
  bytes.writeBigUInt64LE(BigInt(timestamp), 32);
  bytes.writeUInt32LE(links, 44);
  return bytes;
}

/** @param first block of the content; its bytes; directories in it */
export function directoryInode(about: Inode, content: { first: number; size: number; subdirectories: number }): Buffer {
  const { first, size, subdirectories } = content;
  return inode(about, {
    layout: layouts.plain,
    mode: modes.directory,
    size,
    links: 2 + subdirectories,
    blocks: first,
  });
}

/** What stands between an inode and its index: what the index is like, and eight bytes that are free. */
const indexHeaderBytes = 16;
/** Pieces have any number of blocks. */
const manyBlocks = 0x0002;
const zstd = 3;

/** Bytes of a file's inode with its index. */
export function fileInodeBytes({ index }: StoredFile): number {
  return index.length === 0 ? inodeBytes : inodeBytes + indexHeaderBytes + index.length;
}

/** A file's inode, and what follows it. */
export function fileInode(about: Inode, { size, index, blocks }: StoredFile): Buffer[] {
  const file = { mode: modes.file, size, links: 1, blocks };
  if (index.length === 0) return [inode(about, { ...file, layout: layouts.plain })];
  const header = Buffer.alloc(indexHeaderBytes);
  header.writeUInt16LE(manyBlocks, 4);
  header.writeUInt8(zstd, 6);
  return [inode(about, { ...file, layout: layouts.indexed }), header, index];
}
