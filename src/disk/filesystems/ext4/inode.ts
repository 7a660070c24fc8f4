import { inodeSize } from './geometry.ts';

/** Numbers of inodes that mean something to the filesystem. */
export const specialInodes = { root: 2, resize: 7, journal: 8, firstOther: 11 } as const;

export const fileTypeBits = { directory: 0o040000, file: 0o100000, symlink: 0o120000 } as const;

export const inodeFlags = { immutable: 0x10, index: 0x1000, extents: 0x80000 } as const;

/** Hard links that a file can have. */
export const maximumLinks = 65_000;

/** Bytes after the 128 of the first revision that hold fields; extended attributes follow. */
export const extraInodeSize = 32;

/** The place in an inode for the root of its extents, or for a short target of a symbolic link. */
export const blockAreaOffset = 0x28;
export const blockAreaSize = 60;

export interface InodeFields {
  /** Type and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes. */
  size: number;
  links: number;
  flags: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** Seconds since the epoch: all other times. */
  timestamp: number;
  /** Blocks of the content, of its tree of extents and of extended attributes. */
  blockCount: number;
}

/**
 * Seconds that 32 signed bits and two more hold, from 1901 on. They reach to 2446, but fsck takes what comes after April of 2310
 * for a mistake: an old kernel wrote times before 1970 like that.
 */
const earliestTime = -(2 ** 31);
export const latestTime = 2 ** 33 + 2 ** 31 - 1;

const sectorsPerBlock = 8;

/**
 * Writes the fields of an inode, all but the area of its blocks and the extended attributes. Times that an inode cannot
 * hold become the nearest that it can, as the kernel does it.
 * @param inode 256 bytes, zeros or with those areas filled
 */
export function writeInodeFields(inode: Buffer, fields: InodeFields): void {
  const sectors = fields.blockCount * sectorsPerBlock;
  inode.writeUInt16LE(fields.mode, 0x00);
  inode.writeUInt16LE(fields.uid & 0xffff, 0x02);
  inode.writeUInt32LE(fields.size % 2 ** 32, 0x04);
  inode.writeUInt16LE(fields.gid & 0xffff, 0x18);
  inode.writeUInt16LE(fields.links, 0x1a);
  inode.writeUInt32LE(sectors % 2 ** 32, 0x1c);
  inode.writeUInt32LE(fields.flags, 0x20);
  inode.writeUInt32LE(Math.floor(fields.size / 2 ** 32), 0x6c);
  inode.writeUInt16LE(Math.floor(sectors / 2 ** 32), 0x74);
  inode.writeUInt16LE(fields.uid >>> 16, 0x78);
  inode.writeUInt16LE(fields.gid >>> 16, 0x7a);
  inode.writeUInt16LE(extraInodeSize, 0x80);
  writeTime(inode, fields.timestamp, 0x08, 0x8c); // access
  writeTime(inode, fields.timestamp, 0x0c, 0x84); // change
  writeTime(inode, fields.mtime, 0x10, 0x88);
  writeTime(inode, fields.timestamp, 0x90, 0x94); // creation
}

/** The lowest two bits of the second field extend the signed seconds of the first one. */
function writeTime(inode: Buffer, seconds: number, secondsAt: number, extraAt: number): void {
  const whole = Math.min(latestTime, Math.max(earliestTime, Math.floor(seconds)));
  const low = whole | 0;
  inode.writeInt32LE(low, secondsAt);
  inode.writeUInt32LE((whole - low) / 2 ** 32, extraAt);
}

/** Names the block that holds extended attributes. */
export function writeXattrBlock(inode: Buffer, block: number): void {
  inode.writeUInt32LE(block % 2 ** 32, 0x68);
  inode.writeUInt16LE(Math.floor(block / 2 ** 32), 0x76);
}

/** Bytes of an inode that extended attributes can have. */
export const xattrArea = { begin: 128 + extraInodeSize, end: inodeSize } as const;
