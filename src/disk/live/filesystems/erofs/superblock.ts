// https://erofs.docs.kernel.org/en/latest/ondisk/core_ondisk.html
import { crc32c } from '../../../../lib/crc32c.ts';
import { blockBytes } from './cluster-index.ts';

/** What the superblock says. */
interface Superblock {
  /** Number of the root's inode. */
  root: number;
  inodes: number;
  /** The block from which inodes are counted. */
  inodeBlock: number;
  /** Blocks of the filesystem. */
  end: number;
  /** Seconds since the epoch. */
  timestamp: number;
  /** What is compressed at once: as much memory a reader needs. */
  pieceBytes: number;
}

/** The boot sectors of others may stand before it. */
const superblockAt = 1024;
const superblockBytes = 128;
const magic = 0xe0f5e1e2;
const checksumAt = superblockAt + 4;
/** The superblock has a checksum, and files have a time. */
const compatibleFeatures = 0x1 | 0x2;
/** Zeros stand before what is compressed; compressors have settings, pieces several blocks; pieces are shared. */
const incompatibleFeatures = 0x01 | 0x02 | 0x20;
/** The number of zstd among compressors. */
const zstd = 3;
const zstdSettingsBytes = 6;
/** The binary logarithm of a window is stored less this. */
const leastWindow = 10;

/** The first block. */
export function superblock({ root, inodes, inodeBlock, end, timestamp, pieceBytes }: Superblock): Buffer {
  const first = Buffer.alloc(blockBytes);
  const block = first.subarray(superblockAt);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(compatibleFeatures, 8);
  block.writeUInt8(Math.log2(blockBytes), 12);
  block.writeUInt16LE(root, 14);
  block.writeBigUInt64LE(BigInt(inodes), 16);
  block.writeBigUInt64LE(BigInt(timestamp), 24);
  block.writeUInt32LE(end, 36);
  block.writeUInt32LE(inodeBlock, 40);
  block.writeUInt32LE(incompatibleFeatures, 80);
  block.writeUInt16LE(1 << zstd, 84);
  block.writeUInt16LE(zstdSettingsBytes, superblockBytes);
  block.writeUInt8(Math.log2(pieceBytes) - leastWindow, superblockBytes + 3);
  first.writeUInt32LE(crc32c(0xffff_ffff, block), checksumAt);
  return first;
}
