import { crc32c } from '../../lib/crc32c.ts';
import type { Blocks } from './blocks.ts';
import { damaged, unsupported } from './faults.ts';

// https://docs.kernel.org/filesystems/ext4/inodes.html

export const fileType = { mask: 0xf000, directory: 0x4000, regular: 0x8000, link: 0xa000 } as const;
export const inodeFlag = {
  hashedDirectory: 0x1000,
  extents: 0x80000,
  inlineData: 0x10000000,
  encrypted: 0x800,
} as const;
export const rootInode = 2;
/** Where in an inode the area of its extents begins, and its length. */
export const extentArea = { offset: 0x28, length: 60 } as const;

const extentMagic = 0xf30a;
const deepestTree = 5;
/** What is not yet written, and reads as zeros. */
const longestExtent = 32768;

/** An inode of a filesystem. */
export interface Inode {
  number: number;
  /** Its bytes, shared with the block that they lie in. */
  bytes: Buffer;
  mode: number;
  size: number;
  flags: number;
}

/** Where an inode's bytes lie. @throws CosaError `DISK_INVALID` (exit 4) */
async function placeOf(blocks: Blocks, number: number): Promise<{ block: number; offset: number }> {
  const { inodeCount, inodesPerGroup, inodeSize, blockSize } = blocks.superblock;
  if (number < 1 || number > inodeCount) throw damaged(`a name belongs to inode ${number}, which there is not`);
  const group = Math.floor((number - 1) / inodesPerGroup);
  const position = ((number - 1) % inodesPerGroup) * inodeSize;
  const table = tableOf(await blocks.descriptor(group));
  return { block: table + Math.floor(position / blockSize), offset: position % blockSize };
}

function tableOf(descriptor: Buffer): number {
  return descriptor.readUInt32LE(8) + (descriptor.length >= 64 ? descriptor.readUInt32LE(0x28) * 2 ** 32 : 0);
}

/**
 * Reads an inode.
 * @throws CosaError `DISK_INVALID` (exit 4), `DISK_UNSUPPORTED` (exit 2)
 */
export async function readInode(blocks: Blocks, number: number): Promise<Inode> {
  const { block, offset } = await placeOf(blocks, number);
  const bytes = (await blocks.read(block)).subarray(offset, offset + blocks.superblock.inodeSize);
  const flags = bytes.readUInt32LE(0x20);
  if ((flags & (inodeFlag.inlineData | inodeFlag.encrypted)) !== 0) {
    throw unsupported(`inode ${number} is encrypted, or holds its content itself`);
  }
  const size = bytes.readUInt32LE(4) + bytes.readUInt32LE(0x6c) * 2 ** 32;
  return { number, bytes, mode: bytes.readUInt16LE(0), size, flags };
}

/** Writes an inode's bytes with their checksum. */
export async function writeInode(blocks: Blocks, number: number, bytes: Buffer): Promise<void> {
  const { block, offset } = await placeOf(blocks, number);
  const place = (await blocks.change(block)).subarray(offset, offset + blocks.superblock.inodeSize);
  bytes.copy(place);
  const { seed } = blocks.superblock;
  if (seed === undefined) return;
  const hasHigh = place.length > 128 && place.readUInt16LE(0x80) >= 4;
  place.writeUInt16LE(0, 0x7c);
  if (hasHigh) place.writeUInt16LE(0, 0x82);
  const sum = crc32c(inodeSeed(seed, number, place), place);
  place.writeUInt16LE(sum & 0xffff, 0x7c);
  if (hasHigh) place.writeUInt16LE(sum >>> 16, 0x82);
}

/** What the checksums of an inode and of its blocks begin with. */
export function inodeSeed(seed: number, number: number, inode: Buffer): number {
  const start = Buffer.alloc(8);
  start.writeUInt32LE(number);
  inode.copy(start, 4, 0x64, 0x68);
  return crc32c(seed, start);
}

/**
 * The blocks of an inode's content, in their order; 0 for a hole.
 * @param most blocks; more is an error
 * @throws CosaError `DISK_INVALID`, `DISK_UNSUPPORTED`
 */
export async function contentBlocks(blocks: Blocks, inode: Inode, most: number): Promise<number[]> {
  const count = Math.ceil(inode.size / blocks.superblock.blockSize);
  if (count > most) throw unsupported(`inode ${inode.number} has ${inode.size} bytes`);
  const found = new Array<number>(count).fill(0);
  const area = inode.bytes.subarray(extentArea.offset, extentArea.offset + extentArea.length);
  if ((inode.flags & inodeFlag.extents) === 0) await mapBlocks(blocks, area, found);
  else await walkExtents(blocks, area, deepestTree, { found, next: 0 });
  return found;
}

/** How far a tree of extents was walked. */
interface Walk {
  found: number[];
  /** The block of the content behind those that were come to. */
  next: number;
}

/**
 * https://docs.kernel.org/filesystems/ext4/ifork.html: extents. They are sorted and no node is empty: five blocks that name
 * each other hundreds of times would take years.
 */
async function walkExtents(blocks: Blocks, node: Buffer, depthLimit: number, walk: Walk): Promise<void> {
  const { found } = walk;
  const [entries, depth] = [node.readUInt16LE(2), node.readUInt16LE(6)];
  if (node.readUInt16LE(0) !== extentMagic || depth > depthLimit || 12 + 12 * entries > node.length) {
    throw damaged('a tree of extents is none');
  }
  for (let index = 0; index < entries; index++) {
    const entry = node.subarray(12 + 12 * index, 24 + 12 * index);
    const first = entry.readUInt32LE(0);
    // What lies behind the content is not looked at.
    if (first >= found.length) {
      walk.next = Math.max(walk.next, first);
      break;
    }
    if (depth > 0) {
      const before = walk.next;
      const child = entry.readUInt16LE(8) * 2 ** 32 + entry.readUInt32LE(4);
      const below = await blocks.read(child);
      if (below.readUInt16LE(6) !== depth - 1) throw damaged('a tree of extents is none');
      await walkExtents(blocks, below, depth - 1, walk);
      if (walk.next === before) throw damaged('a tree of extents has the same blocks twice');
      continue;
    }
    const length = entry.readUInt16LE(4);
    const start = entry.readUInt16LE(6) * 2 ** 32 + entry.readUInt32LE(8);
    if (length === 0 || first < walk.next) throw damaged('a tree of extents has the same blocks twice');
    const isUnwritten = length > longestExtent;
    walk.next = first + (isUnwritten ? length - longestExtent : length);
    if (isUnwritten) continue;
    for (let at = 0; at < length && first + at < found.length; at++) found[first + at] = start + at;
  }
}

/** The map that ext2 and ext3 have: twelve blocks, then those that one, two and three tables of tables name. */
async function mapBlocks(blocks: Blocks, area: Buffer, found: number[]): Promise<void> {
  const perBlock = blocks.superblock.blockSize / 4;
  let at = 0;

  async function visit(number: number, level: number): Promise<void> {
    if (at >= found.length) return;
    if (level === 0) {
      found[at++] = number;
      return;
    }
    if (number === 0) {
      at += perBlock ** level;
      return;
    }
    const table = await blocks.read(number);
    for (let index = 0; index < perBlock && at < found.length; index++)
      await visit(table.readUInt32LE(4 * index), level - 1);
  }

  for (let index = 0; index < 15; index++) await visit(area.readUInt32LE(4 * index), Math.max(0, index - 11));
}

/**
 * An inode's content.
 * @param most bytes; more is an error
 * @throws CosaError `DISK_INVALID`, `DISK_UNSUPPORTED`
 */
export async function readContent(blocks: Blocks, inode: Inode, most: number): Promise<Buffer> {
  if (inode.size > most) throw unsupported(`inode ${inode.number} has ${inode.size} bytes`);
  const { blockSize } = blocks.superblock;
  const content = Buffer.alloc(inode.size);
  for (const [index, number] of (await contentBlocks(blocks, inode, Math.ceil(most / blockSize))).entries()) {
    if (number !== 0) (await blocks.read(number)).copy(content, index * blockSize);
  }
  return content;
}
