import { CosaError } from '../../../lib/errors.ts';
import { filesystemFull } from '../full.ts';
import type { Blocks } from './blocks.ts';
import {
  blockSize,
  blocksPerGroup,
  fixedRuns,
  type Geometry,
  groupsPerFlex,
  maximumGroups,
  superblockRoom,
} from './geometry.ts';
import { journalSizes, leastJournal } from './journal.ts';

/** What must find room. */
export interface Demand {
  geometry: Geometry;
  blocks: Blocks;
  /** The highest number of an inode. */
  lastInode: number;
  /** Part of the blocks that only root may use. */
  reservedPercent: number;
}

export interface Layout {
  blockCount: number;
  groupCount: number;
  journalBlocks: number;
}

const blocksPerMebibyte = 2 ** 20 / blockSize;

/** Room that a filesystem of the least size has: for a first boot, before it grows. */
const freeAtFirst = { blocks: 256 * blocksPerMebibyte, inodes: 4096 } as const;
const none = { blocks: 0, inodes: 0 } as const;

/** A last group of fewer blocks beside its tables is left out, as mke2fs leaves it out. */
const leastOfLastGroup = 50;

/**
 * The least size that holds everything, with some room beyond what is reserved.
 * @param label names the filesystem in errors
 * @throws CosaError `FILESYSTEM_TOO_LARGE`
 */
export function leastLayout(demand: Demand, label: string): Layout {
  const reserved = (blockCount: number) => reservedBlocks(blockCount, demand.reservedPercent);
  const room = (blockCount: number) => ({ ...freeAtFirst, blocks: freeAtFirst.blocks + reserved(blockCount) });
  const journal = (blockCount: number) => journalSizes(blockCount)[0] ?? leastJournal;
  const layout = leastFor(demand, journal, room);
  requirePossible(layout.groupCount, label);
  return layout;
}

/**
 * A given size, with the largest journal for which there is room.
 * @param size bytes
 * @param label names the filesystem in errors
 * @throws CosaError `FILESYSTEM_FULL`, `FILESYSTEM_TOO_LARGE`
 */
export function exactLayout(demand: Demand, size: number, label: string): Layout {
  const given = Math.floor(size / blockSize);
  const blockCount = given - (shortOfLastGroup(demand.geometry, given) > 0 ? given % blocksPerGroup : 0);
  const groupCount = Math.ceil(blockCount / blocksPerGroup);
  requirePossible(groupCount, label);
  const journalBlocks = journalSizes(blockCount).find((journal) => shortage(demand, blockCount, journal, none) <= 0);
  if (journalBlocks !== undefined) return { blockCount, groupCount, journalBlocks };
  const least = leastFor(
    demand,
    () => leastJournal,
    () => none,
  );
  throw filesystemFull(label, size, least.blockCount * blockSize);
}

function requirePossible(groupCount: number, label: string): void {
  if (groupCount <= maximumGroups) return;
  const [has, can] = [groupCount, maximumGroups].map((groups) => (groups * blocksPerGroup) / blocksPerMebibyte);
  throw new CosaError(
    'FILESYSTEM_TOO_LARGE',
    `the ${label} filesystem (${has} MiB) is larger than ext4 can be made: ${can} MiB`,
    { hint: 'make the partition smaller: its filesystem can grow beyond that when it is mounted' },
  );
}

export function reservedBlocks(blockCount: number, percent: number): number {
  return Math.floor((blockCount * percent) / 100);
}

type Room = Readonly<Record<'blocks' | 'inodes', number>>;

function leastFor(demand: Demand, journal: (blocks: number) => number, room: (blocks: number) => Room): Layout {
  for (let blockCount = blocksPerMebibyte; ; ) {
    const journalBlocks = journal(blockCount);
    const short = Math.max(
      shortage(demand, blockCount, journalBlocks, room(blockCount)),
      shortOfLastGroup(demand.geometry, blockCount),
    );
    if (short <= 0) return { blockCount, groupCount: Math.ceil(blockCount / blocksPerGroup), journalBlocks };
    blockCount += Math.ceil(short / blocksPerMebibyte) * blocksPerMebibyte;
  }
}

/** At least how many blocks more it takes: none if it is 0 or less. Room that is added is never more than that. */
function shortage(demand: Demand, blockCount: number, journalBlocks: number, room: Room): number {
  const { geometry, blocks, lastInode } = demand;
  const groupsForInodes = Math.ceil((lastInode + room.inodes) / geometry.inodesPerGroup);
  const free = blockCount - fixedCount(geometry, blockCount) - blocks.used - journalBlocks;
  return Math.max(
    blocks.endAfter(journalBlocks) - blockCount,
    (groupsForInodes - 1) * blocksPerGroup + 1 - blockCount,
    room.blocks - free,
  );
}

/** Blocks that a last group, which is not whole, lacks to be worth its tables. */
function shortOfLastGroup({ tableBlocks }: Geometry, blockCount: number): number {
  const rest = blockCount % blocksPerGroup;
  const group = Math.floor(blockCount / blocksPerGroup);
  const tables = group % groupsPerFlex === 0 ? 2 * groupsPerFlex + tableBlocks : 0;
  const own = superblockRoom(group) + tables;
  return rest === 0 || own === 0 ? 0 : own + leastOfLastGroup - rest;
}

function fixedCount(geometry: Geometry, blockCount: number): number {
  const groupCount = Math.ceil(blockCount / blocksPerGroup);
  let count = 0;
  for (let group = 0; group < groupCount; group++) {
    for (const run of fixedRuns(geometry, group, blockCount)) count += run.count;
  }
  return count;
}
