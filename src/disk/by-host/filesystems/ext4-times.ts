import { type FileHandle, open } from 'node:fs/promises';
import { crc32c } from '../../filesystems/ext4/crc32c.ts';

// On-disk structures: https://docs.kernel.org/filesystems/ext4/

const superblockOffset = 1024;
const superblockMagic = 0xef53;
const roCompatMetadataChecksum = 0x400;
const incompatChecksumSeed = 0x2000;

interface Geometry {
  blockSize: number;
  groupCount: number;
  inodesPerGroup: number;
  inodeSize: number;
  descriptorSize: number;
  /** Start value of every checksum, or `undefined` if there are none. */
  checksumSeed: number | undefined;
}

/**
 * Sets the times of every inode of a freshly made ext4 filesystem: mke2fs copies them from the source directory,
 * and a file's change time there cannot be chosen. A modification time of zero, which ostree gives to what it
 * checks out, stays; everything else becomes the timestamp.
 * @param offset where the filesystem begins in the file, in bytes
 * @param timestamp seconds since the epoch
 */
export async function settleInodeTimes(disk: string, offset: number, timestamp: number): Promise<void> {
  const file = await open(disk, 'r+');
  try {
    const geometry = readGeometry(await readAt(file, offset + superblockOffset, 1024));
    const { blockSize, groupCount, descriptorSize, inodesPerGroup, inodeSize } = geometry;
    // The descriptors follow the superblock's block; blocks are larger than 1 KiB here, so that is block 0.
    const descriptors = await readAt(file, offset + blockSize, groupCount * descriptorSize);
    for (let group = 0; group < groupCount; group++) {
      const { table, used } = readDescriptor(
        descriptors.subarray(group * descriptorSize),
        descriptorSize,
        inodesPerGroup,
      );
      if (used === 0) continue;
      const at = offset + table * blockSize;
      const inodes = await readAt(file, at, used * inodeSize);
      for (let index = 0; index < used; index++) {
        const inode = inodes.subarray(index * inodeSize, (index + 1) * inodeSize);
        settleInode(inode, group * inodesPerGroup + index + 1, timestamp, geometry.checksumSeed);
      }
      await file.write(inodes, 0, inodes.length, at);
    }
  } finally {
    await file.close();
  }
}

function readGeometry(superblock: Buffer): Geometry {
  const blockSize = 1024 << superblock.readUInt32LE(0x18);
  const inodeSize = superblock.readUInt16LE(0x58);
  if (superblock.readUInt16LE(0x38) !== superblockMagic || blockSize < 2048 || inodeSize < 256) {
    throw new Error('mke2fs made a filesystem of another shape than it was told to');
  }
  const incompatible = superblock.readUInt32LE(0x60);
  const readOnlyCompatible = superblock.readUInt32LE(0x64);
  const blocks = superblock.readUInt32LE(0x04) + superblock.readUInt32LE(0x150) * 2 ** 32;
  return {
    blockSize,
    inodeSize,
    inodesPerGroup: superblock.readUInt32LE(0x28),
    groupCount: Math.ceil(blocks / superblock.readUInt32LE(0x20)),
    // Zero unless the filesystem has the 64bit feature.
    descriptorSize: superblock.readUInt16LE(0xfe) || 32,
    checksumSeed:
      (readOnlyCompatible & roCompatMetadataChecksum) === 0
        ? undefined
        : (incompatible & incompatChecksumSeed) === 0
          ? crc32c(0xffffffff, superblock.subarray(0x68, 0x78))
          : superblock.readUInt32LE(0x270),
  };
}

function readDescriptor(descriptor: Buffer, size: number, inodesPerGroup: number): { table: number; used: number } {
  const wide = size >= 64;
  const table = descriptor.readUInt32LE(0x08) + (wide ? descriptor.readUInt32LE(0x28) * 2 ** 32 : 0);
  const unused = descriptor.readUInt16LE(0x1c) + (wide ? descriptor.readUInt16LE(0x32) * 2 ** 16 : 0);
  return { table, used: inodesPerGroup - unused };
}

function settleInode(inode: Buffer, number: number, timestamp: number, seed: number | undefined): void {
  const mode = inode.readUInt16LE(0);
  if (mode === 0) return;
  const low = timestamp % 2 ** 32;
  // The lowest two bits of the extra field extend the seconds beyond 2038, counted from a signed value.
  const epoch = Math.floor((timestamp + 2 ** 31) / 2 ** 32) & 3;
  const set = (secondsAt: number, extraAt: number) => {
    inode.writeUInt32LE(low, secondsAt);
    inode.writeUInt32LE(epoch, extraAt);
  };
  set(0x08, 0x8c); // access
  set(0x0c, 0x84); // change
  if (inode.readUInt32LE(0x10) !== 0) set(0x10, 0x88); // modification
  set(0x90, 0x94); // creation
  if (seed === undefined) return;
  inode.writeUInt16LE(0, 0x7c);
  inode.writeUInt16LE(0, 0x82);
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(number, 0);
  inode.copy(prefix, 4, 0x64, 0x68); // generation
  const checksum = crc32c(crc32c(seed, prefix), inode);
  inode.writeUInt16LE(checksum & 0xffff, 0x7c);
  inode.writeUInt16LE(checksum >>> 16, 0x82);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error(`the disk ends at ${position + bytesRead}, within a filesystem`);
  return buffer;
}
