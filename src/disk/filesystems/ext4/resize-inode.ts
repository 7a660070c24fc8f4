import { backupGroups, blockSize, blocksPerGroup, descriptorBlocks, reservedDescriptorBlocks } from './geometry.ts';
import { blockAreaOffset } from './inode.ts';

// https://docs.kernel.org/filesystems/ext4/dynamic.html: inode 7 owns the blocks into which group descriptors can grow.

const pointersPerBlock = blockSize / 4;
const doubleIndirect = 13;

/** What the file would have at most: 12 blocks, one block of pointers, and one of pointers to such. */
export const resizeInodeSize = (pointersPerBlock ** 2 + pointersPerBlock + 12) * blockSize;

/**
 * Writes which blocks the inode owns: each block that the primary descriptors can grow into is a block of pointers to the
 * same one of every backup.
 * @param inode its bytes
 * @param pointerBlock a block of its own, for the pointers to those
 * @param blockCount of the filesystem
 * @returns how many blocks it owns
 */
export function writeResizeInode(
  inode: Buffer,
  pointerBlock: number,
  blockCount: number,
  write: (block: number, bytes: Buffer) => void,
): number {
  inode.writeUInt32LE(pointerBlock, blockAreaOffset + doubleIndirect * 4);
  const backups = backupGroups(Math.ceil(blockCount / blocksPerGroup));
  const [used, reserved] = [descriptorBlocks(blockCount), reservedDescriptorBlocks(blockCount)];
  const pointers = Buffer.alloc(blockSize);
  for (let index = used; index < used + reserved; index++) {
    const place = 1 + index;
    pointers.writeUInt32LE(place, index * 4);
    if (backups.length === 0) continue;
    const copies = Buffer.alloc(blockSize);
    for (const [at, group] of backups.entries()) copies.writeUInt32LE(group * blocksPerGroup + place, at * 4);
    write(place, copies);
  }
  write(pointerBlock, pointers);
  return 1 + reserved * (1 + backups.length);
}
