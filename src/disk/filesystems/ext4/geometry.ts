// On-disk structures: https://docs.kernel.org/filesystems/ext4/

/** Bytes of a block, also where pages or sectors are smaller: a disk with sectors of 4 KiB cannot be mounted otherwise. */
export const blockSize = 4096;

/** As many as one block of bitmap counts: 128 MiB. */
export const blocksPerGroup = blockSize * 8;

export const inodeSize = 256;

/** Of a group, with the 64bit feature. */
export const descriptorSize = 64;

/** Groups whose bitmaps and inode tables lie together, in the first of them. */
export const groupsPerFlex = 16;

const descriptorsPerBlock = blockSize / descriptorSize;

/** Blocks behind each superblock that are no content's: group descriptors of 4 TiB. */
const mostDescriptorRoom = 512;

export const maximumGroups = mostDescriptorRoom * descriptorsPerBlock;

/** What is smaller is for /boot, and hardly grows. */
const leastThatGrows = 2 ** 29 / blockSize;

/**
 * How many of those blocks are for group descriptors, those in use and those that growth will use: enough for 4 TiB, or for
 * 512 GiB. Beyond that the kernel goes on with another layout (meta_bg). The others are free.
 */
function descriptorRoom(blockCount: number): number {
  return blockCount < leastThatGrows ? 64 : mostDescriptorRoom;
}

/**
 * What is decided before contents come, and holds whatever size the filesystem has in the end. Each group begins with its
 * fixed blocks, and the rest is for contents:
 * - group 0 and those that hold a backup: superblock, descriptors, room for descriptors;
 * - the first of 16 groups: block bitmaps, inode bitmaps, inode tables of all 16. Where the last of these groups are not
 *   there in the end, the place of their tables is free.
 */
export interface Geometry {
  inodesPerGroup: number;
  /** Blocks of one group's inode table. */
  tableBlocks: number;
}

/** @param bytesPerInode disk space that there is for each inode; `options.ts` has the bounds */
export function geometryFor(bytesPerInode: number): Geometry {
  const inodesPerBlock = blockSize / inodeSize;
  const wanted = (blocksPerGroup * blockSize) / bytesPerInode;
  const tableBlocks = Math.ceil(wanted / inodesPerBlock);
  return { tableBlocks, inodesPerGroup: tableBlocks * inodesPerBlock };
}

/** True for groups with superblock and descriptors: 0, 1 and the powers of 3, 5 and 7 (sparse_super). */
function hasSuperblock(group: number): boolean {
  return group <= 1 || [3, 5, 7].some((base) => isPower(group, base));
}

function isPower(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}

/** The groups but the first that have superblock and descriptors, ascending. */
export function backupGroups(groupCount: number): number[] {
  const groups: number[] = [];
  for (let group = 1; group < groupCount; group++) if (hasSuperblock(group)) groups.push(group);
  return groups;
}

/** Blocks for group descriptors of which none is in use: for growth. */
export function reservedDescriptorBlocks(blockCount: number): number {
  return descriptorRoom(blockCount) - descriptorBlocks(blockCount);
}

/** Blocks of group descriptors. */
export function descriptorBlocks(blockCount: number): number {
  return Math.ceil(blockCount / blocksPerGroup / descriptorsPerBlock);
}

/** Blocks of superblock and descriptors at the beginning of a group, and room for more of them. */
export function superblockRoom(group: number, descriptors = mostDescriptorRoom): number {
  return hasSuperblock(group) ? 1 + descriptors : 0;
}

/** Blocks at the beginning of a group that never hold content. */
export function fixedBlocks({ tableBlocks }: Geometry, group: number): number {
  const tables = group % groupsPerFlex === 0 ? groupsPerFlex * (2 + tableBlocks) : 0;
  return superblockRoom(group) + tables;
}

/** Where the tables of a group lie, as numbers of blocks. */
export interface TablePlaces {
  blockBitmap: number;
  inodeBitmap: number;
  inodeTable: number;
}

export function tablePlaces({ tableBlocks }: Geometry, group: number): TablePlaces {
  const index = group % groupsPerFlex;
  const first = group - index;
  const begin = first * blocksPerGroup + superblockRoom(first);
  return {
    blockBitmap: begin + index,
    inodeBitmap: begin + groupsPerFlex + index,
    inodeTable: begin + 2 * groupsPerFlex + index * tableBlocks,
  };
}

/** A stretch of blocks. */
export interface Run {
  first: number;
  count: number;
}

/** The stretches of a group that hold its fixed blocks, in a filesystem of so many blocks: ascending. */
export function fixedRuns({ tableBlocks }: Geometry, group: number, blockCount: number): Run[] {
  const begin = group * blocksPerGroup;
  const groupCount = Math.ceil(blockCount / blocksPerGroup);
  const room = superblockRoom(group);
  const runs = room > 0 ? [{ first: begin, count: superblockRoom(group, descriptorRoom(blockCount)) }] : [];
  if (group % groupsPerFlex === 0) {
    const tables = Math.min(groupsPerFlex, groupCount - group);
    const first = begin + room;
    runs.push(
      { first, count: tables },
      { first: first + groupsPerFlex, count: tables },
      { first: first + 2 * groupsPerFlex, count: tables * tableBlocks },
    );
  }
  return runs;
}
