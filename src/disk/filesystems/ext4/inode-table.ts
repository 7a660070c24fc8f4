import { crc32c } from '../../../lib/crc32c.ts';
import type { Checksums } from './checksums.ts';
import { type Geometry, inodeSize } from './geometry.ts';

const [checksumLow, checksumHigh] = [0x7c, 0x82];

/** All inodes, in memory until their checksums are known: 256 bytes each. */
export interface InodeTable {
  readonly last: number;
  /** Bytes of an inode, to be filled. */
  slot(inode: number): Buffer;
  /** Sets an inode's checksum: it is complete. @param slot its bytes */
  seal(inode: number, slot: Buffer): void;
  /** Inodes of a group that are in use: its first ones. */
  usedIn(group: number): number;
  /** The bytes of those. */
  bytesOf(group: number): Buffer;
}

/** @param last the highest number of an inode */
export function inodeTable({ inodesPerGroup }: Geometry, last: number, checksums: Checksums): InodeTable {
  const bytes = Buffer.alloc(last * inodeSize);
  const usedIn = (group: number) => Math.min(inodesPerGroup, Math.max(0, last - group * inodesPerGroup));
  return {
    last,
    slot: (inode) => bytes.subarray((inode - 1) * inodeSize, inode * inodeSize),
    seal(inode, slot) {
      const checksum = crc32c(checksums.ofInode(inode), slot);
      slot.writeUInt16LE(checksum & 0xffff, checksumLow);
      slot.writeUInt16LE(checksum >>> 16, checksumHigh);
    },
    usedIn,
    bytesOf(group) {
      const begin = group * inodesPerGroup * inodeSize;
      return bytes.subarray(begin, begin + usedIn(group) * inodeSize);
    },
  };
}
