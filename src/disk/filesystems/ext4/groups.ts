import { crc32c } from '../../../lib/crc32c.ts';
import { type Blocks, setBits } from './blocks.ts';
import type { Checksums } from './checksums.ts';
import {
  blockSize,
  blocksPerGroup,
  descriptorBlocks,
  descriptorSize,
  fixedRuns,
  type Geometry,
  groupsPerFlex,
  tablePlaces,
} from './geometry.ts';
import type { InodeTable } from './inode-table.ts';
import type { Layout } from './size.ts';

// https://docs.kernel.org/filesystems/ext4/group_descr.html

const flags = { inodesUninitialised: 1, blocksUninitialised: 2, tableZeroed: 4 } as const;

export interface GroupsInput {
  geometry: Geometry;
  layout: Layout;
  blocks: Blocks;
  inodes: InodeTable;
  /** Directories of a group. */
  directoriesIn: (group: number) => number;
  checksums: Checksums;
}

export interface Groups {
  /** Whole blocks of group descriptors. */
  descriptors: Buffer;
  freeBlocks: number;
  freeInodes: number;
}

/**
 * Writes the tables of all groups, and describes them. Groups without content, or without inodes, are marked as such and
 * have no bitmap; the kernel makes them when it needs them. All inode tables count as zeroed, for nothing was ever there.
 */
export function writeGroups(input: GroupsInput, write: (block: number, bytes: Buffer) => void): Groups {
  const { geometry, layout, inodes, checksums } = input;
  const descriptors = Buffer.alloc(descriptorBlocks(layout.blockCount) * blockSize);
  let freeBlocks = 0;
  let freeInodes = 0;
  for (let group = 0; group < layout.groupCount; group++) {
    const descriptor = descriptors.subarray(group * descriptorSize, (group + 1) * descriptorSize);
    const places = tablePlaces(geometry, group);
    writeSplit(descriptor, places.blockBitmap, 0x00, 0x20, 4);
    writeSplit(descriptor, places.inodeBitmap, 0x04, 0x24, 4);
    writeSplit(descriptor, places.inodeTable, 0x08, 0x28, 4);

    const { bitmap, free } = blockBitmap(input, group);
    writeSplit(descriptor, free, 0x0c, 0x2c, 2);
    freeBlocks += free;

    const used = inodes.usedIn(group);
    const unused = geometry.inodesPerGroup - used;
    writeSplit(descriptor, unused, 0x0e, 0x2e, 2); // free
    writeSplit(descriptor, input.directoriesIn(group), 0x10, 0x30, 2);
    writeSplit(descriptor, unused, 0x1c, 0x32, 2); // never used, at the end of the table
    freeInodes += unused;

    let flag: number = flags.tableZeroed;
    if (bitmap === undefined) {
      flag |= flags.blocksUninitialised;
    } else {
      write(places.blockBitmap, bitmap);
      writeSplit(descriptor, checksums.of(bitmap), 0x18, 0x38, 2);
    }
    if (used === 0) {
      flag |= flags.inodesUninitialised;
    } else {
      const inodeBitmap = Buffer.alloc(blockSize, 0xff);
      inodeBitmap.fill(0, 0, Math.ceil(geometry.inodesPerGroup / 8));
      setBits(inodeBitmap, 0, used);
      write(places.inodeBitmap, inodeBitmap);
      writeSplit(descriptor, checksums.of(inodeBitmap.subarray(0, geometry.inodesPerGroup / 8)), 0x1a, 0x3a, 2);
      write(places.inodeTable, inodes.bytesOf(group));
    }
    descriptor.writeUInt16LE(flag, 0x12);
    descriptor.writeUInt16LE(crc32c(checksums.ofGroup(group), descriptor) & 0xffff, 0x1e);
  }
  return { descriptors, freeBlocks, freeInodes };
}

/** A number whose high half stands elsewhere. @param width bytes of each half */
function writeSplit(descriptor: Buffer, value: number, low: number, high: number, width: 2 | 4): void {
  const half = 2 ** (width * 8);
  descriptor.writeUIntLE(value % half, low, width);
  descriptor.writeUIntLE(Math.floor(value / half), high, width);
}

/** @returns the bitmap, undefined where the kernel makes it; and how many blocks are free */
function blockBitmap({ geometry, layout, blocks }: GroupsInput, group: number): { bitmap?: Buffer; free: number } {
  const begin = group * blocksPerGroup;
  const count = Math.min(blocksPerGroup, layout.blockCount - begin);
  const content = blocks.bitmap(group);
  const runs = fixedRuns(geometry, group, layout.blockCount);
  const isLast = group === layout.groupCount - 1;
  if (content === undefined && !isLast && group % groupsPerFlex !== 0) {
    return { free: runs.reduce((free, run) => free - run.count, count) };
  }
  const bitmap = content === undefined ? Buffer.alloc(blockSize) : Buffer.from(content);
  for (const run of runs) setBits(bitmap, run.first - begin, run.count);
  const free = count - countBits(bitmap);
  // What lies beyond the end is not free.
  setBits(bitmap, count, blocksPerGroup - count);
  return { bitmap, free };
}

function countBits(bitmap: Buffer): number {
  let count = 0;
  for (let at = 0; at < bitmap.length; at += 4) {
    let word = bitmap.readUInt32LE(at);
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
