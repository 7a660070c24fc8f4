import { backupGroups, blockSize, blocksPerGroup, descriptorRoom } from './geometry.ts';
import { blockAreaOffset } from './inode.ts';

// https://docs.kernel.org/filesystems/ext4/dynamic.html: inode 7 owns the blocks into which group descriptors can grow.

const pointersPerBlock = blockSize / 4;
const doubleIndirect = 13;

/** What the file would have at most: 12 blocks, one block of pointers, and one of pointers to such. */
export const resizeInodeSize = (pointersPerBlock ** 2 + pointersPerBlock + 12) * blockSize;

/** Blocks that it owns. @param descriptorBlocks those in use */
export function resizeInodeBlocks(groupCount: number, descriptorBlocks: number): number {
  return 1 + (descriptorRoom - descriptorBlocks) * (1 + backupGroups(groupCount).length);
}

/**
 * Writes which blocks the inode owns: each block that the primary descriptors can grow into is a block of pointers to the
 * same one of every backup.
 * @param inode its bytes
 * @param pointerBlock a block of its own, for the pointers to those
 */
export function writeResizeInode(
  inode: Buffer,
  pointerBlock: number,
  { groupCount, descriptorBlocks }: { groupCount: number; descriptorBlocks: number },
  write: (block: number, bytes: Buffer) => void,
): void {
  inode.writeUInt32LE(pointerBlock, blockAreaOffset + doubleIndirect * 4);
  const backups = backupGroups(groupCount);
  const pointers = Buffer.alloc(blockSize);
  for (let index = descriptorBlocks; index < descriptorRoom; index++) {
    const place = 1 + index;
    pointers.writeUInt32LE(place, index * 4);
    if (backups.length === 0) continue;
    const copies = Buffer.alloc(blockSize);
    for (const [at, group] of backups.entries()) copies.writeUInt32LE(group * blocksPerGroup + place, at * 4);
    write(place, copies);
  }
  write(pointerBlock, pointers);
}
