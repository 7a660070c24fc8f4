import type { FilesystemRequest } from '../filesystem.ts';
import type { DirectoryNode } from '../tree.ts';
import type { Blocks } from './blocks.ts';
import { checksumsOf } from './checksums.ts';
import type { Contents } from './contents.ts';
import { blockSize, type Geometry } from './geometry.ts';
import { writeGroups } from './groups.ts';
import { latestTime } from './inode.ts';
import { inodeTable } from './inode-table.ts';
import { lostAndFoundNode, storeBuffers, writeInodes } from './inodes.ts';
import { nameHasher } from './name-hash.ts';
import { numberTree } from './numbering.ts';
import type { Ext4Options } from './options.ts';
import { exactLayout, leastLayout, reservedBlocks } from './size.ts';
import { fillJournal, fillResizeInode } from './special-inodes.ts';
import { writeSuperblocks } from './superblock.ts';

/** A filesystem whose contents are stored. */
export interface StoredFilesystem {
  request: FilesystemRequest;
  options: Ext4Options;
  geometry: Geometry;
  blocks: Blocks;
  contents: Contents;
}

/**
 * Writes everything but the contents: see `FilesystemWriter`.
 * @throws CosaError `FILESYSTEM_FULL`, `FILESYSTEM_ENTRY`, `FILESYSTEM_TOO_LARGE`
 * @throws RangeError if a content is not closed, or the tree has one that is not stored here: a caller's mistake
 */
export async function finishExt4(
  { request, options, geometry, blocks, contents }: StoredFilesystem,
  root: DirectoryNode,
  size: number | undefined,
): Promise<number> {
  if (contents.openCount > 0) throw new RangeError(`${contents.openCount} contents are not closed`);
  const { output, label, signal } = request;
  const uuid = Buffer.from(request.uuid.replaceAll('-', ''), 'hex');
  // The superblock has no times before 1970, and what inodes cannot hold it need not.
  const timestamp = Math.min(latestTime, Math.max(0, Math.floor(request.timestamp)));
  const checksums = checksumsOf(uuid);
  const write = (block: number, bytes: Buffer) => output.write(block * blockSize, bytes);

  const { nodes, directories } = numberTree(root, lostAndFoundNode(timestamp));
  const fromMemory = storeBuffers(nodes, contents);
  signal.throwIfAborted();
  const table = inodeTable(geometry, nodes.at(-1)?.inode ?? 0, checksums);
  writeInodes(nodes, { blocks, contents, fromMemory, table, checksums, hashOf: nameHasher(uuid), timestamp, write });
  signal.throwIfAborted();

  const special = { blocks, table, checksums, timestamp, write };
  const pointerBlock = blocks.take(1);
  blocks.use(pointerBlock);
  const demand = { geometry, blocks, lastInode: table.last, reservedPercent: options.reservedPercent };
  const layout = size === undefined ? leastLayout(demand, label) : exactLayout(demand, size, label);
  const journal = fillJournal(layout.journalBlocks, uuid, special);
  fillResizeInode(layout.blockCount, pointerBlock.first, special);

  const directoryCounts = new Map<number, number>();
  for (const { inode } of directories) {
    const group = Math.floor((inode - 1) / geometry.inodesPerGroup);
    directoryCounts.set(group, (directoryCounts.get(group) ?? 0) + 1);
  }
  const directoriesIn = (group: number) => directoryCounts.get(group) ?? 0;
  const groups = writeGroups({ geometry, layout, blocks, inodes: table, directoriesIn, checksums }, write);
  writeSuperblocks(
    {
      uuid,
      label,
      timestamp,
      journal,
      blockCount: layout.blockCount,
      reservedBlocks: reservedBlocks(layout.blockCount, options.reservedPercent),
      freeBlocks: groups.freeBlocks,
      inodeCount: layout.groupCount * geometry.inodesPerGroup,
      freeInodes: groups.freeInodes,
      inodesPerGroup: geometry.inodesPerGroup,
      checksumSeed: checksums.seed,
    },
    groups.descriptors,
    (position, bytes) => output.write(position, bytes),
  );
  return size ?? layout.blockCount * blockSize;
}
