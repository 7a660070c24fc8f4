import { type Blocks, takeAll } from './blocks.ts';
import type { Checksums } from './checksums.ts';
import type { FileRun } from './contents.ts';
import { writeExtentTree } from './extent-tree.ts';
import { blockSize } from './geometry.ts';
import { blockAreaOffset, blockAreaSize, fileTypeBits, inodeFlags, specialInodes, writeInodeFields } from './inode.ts';
import type { InodeTable } from './inode-table.ts';
import { journalSuperblock } from './journal.ts';
import { resizeInodeSize, writeResizeInode } from './resize-inode.ts';

export interface SpecialContext {
  blocks: Blocks;
  table: InodeTable;
  checksums: Checksums;
  /** Seconds since the epoch. */
  timestamp: number;
  write: (block: number, bytes: Buffer) => void;
}

/** Both inodes of the filesystem itself are files that nobody but root could read, if they had a name. */
const common = { mode: fileTypeBits.file | 0o600, uid: 0, gid: 0, links: 1 } as const;

/**
 * Takes blocks for the journal, and makes its inode.
 * @returns what the superblock keeps of it
 */
export function fillJournal(
  journalBlocks: number,
  uuid: Uint8Array,
  { blocks, table, checksums, timestamp, write }: SpecialContext,
): { area: Buffer; size: number } {
  const inode = table.slot(specialInodes.journal);
  const runs: FileRun[] = [];
  let block = 0;
  for (const run of takeAll(blocks, journalBlocks)) {
    blocks.use(run);
    runs.push({ block, ...run });
    block += run.count;
  }
  write((runs[0] as FileRun).first, journalSuperblock(journalBlocks, uuid));
  const takeBlock = (): never => {
    // It lies in three stretches at most: beside its tables, each group has room for half of it.
    throw new RangeError('a journal of more than four stretches');
  };
  writeExtentTree(inode, runs, () => checksums.ofInode(specialInodes.journal), { takeBlock, write });
  const size = journalBlocks * blockSize;
  const flags = inodeFlags.extents;
  writeInodeFields(inode, { ...common, size, flags, mtime: timestamp, timestamp, blockCount: journalBlocks });
  table.seal(specialInodes.journal, inode);
  return { area: inode.subarray(blockAreaOffset, blockAreaOffset + blockAreaSize), size };
}

/** Makes the inode of the blocks that descriptors of groups can grow into. */
export function fillResizeInode(
  filesystemBlocks: number,
  pointerBlock: number,
  { table, timestamp, write }: SpecialContext,
): void {
  const inode = table.slot(specialInodes.resize);
  const blockCount = writeResizeInode(inode, pointerBlock, filesystemBlocks, write);
  const fields = { ...common, size: resizeInodeSize, flags: 0, mtime: timestamp, timestamp, blockCount };
  writeInodeFields(inode, fields);
  table.seal(specialInodes.resize, inode);
}
