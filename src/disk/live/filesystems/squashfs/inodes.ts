import type { StoredFile } from './block-list.ts';
import type { MetadataPlace } from './metadata.ts';

// `struct squashfs_dir_inode` and `squashfs_lreg_inode` of the kernel's fs/squashfs/squashfs_fs.h.

/** Kinds of inode, as inodes have them; directories name a file by its basic kind. */
export const inodeTypes = { directory: 1, file: 2, extendedFile: 9 };

/** What all inodes have. They are root's: its number is the first of the list, for users and groups. */
export interface Inode {
  /** From 1 on. */
  number: number;
  /** Seconds since the epoch. */
  timestamp: number;
}

const headerBytes = 16;
const directoryBytes = 32;
const fileBytes = 56;
const none = 0xffff_ffff;

function writeHeader(inode: Buffer, type: number, mode: number, { number, timestamp }: Inode): void {
  inode.writeUInt16LE(type, 0);
  inode.writeUInt16LE(mode, 2);
  inode.writeUInt32LE(timestamp, 8);
  inode.writeUInt32LE(number, 12);
}

/** A file's inode: the extended kind, which knows holes and sizes beyond 4 GiB. */
export function fileInode(about: Inode, file: StoredFile): Buffer {
  const inode = Buffer.alloc(fileBytes);
  writeHeader(inode, inodeTypes.extendedFile, 0o644, about);
  inode.writeBigUInt64LE(BigInt(file.begin), headerBytes);
  inode.writeBigUInt64LE(BigInt(file.size), headerBytes + 8);
  inode.writeBigUInt64LE(BigInt(file.sparse), headerBytes + 16);
  inode.writeUInt32LE(1, headerBytes + 24);
  inode.writeUInt32LE(none, headerBytes + 28);
  inode.writeUInt32LE(none, headerBytes + 36);
  return Buffer.concat([inode, file.blocks]);
}

/** What a directory's inode says besides. */
interface DirectoryInode extends Inode {
  /** The inode of its parent; of the root, a number that no inode has. */
  parent: number;
  subdirectories: number;
  /** Where its listing lies in the table, and bytes of it. */
  listing: MetadataPlace & { bytes: number };
}

/** `.` and `..`, which are not in listings. */
const impliedBytes = 3;
const impliedLinks = 2;

/** @throws RangeError if the listing takes 64 KiB */
export function directoryInode({ parent, subdirectories, listing, ...about }: DirectoryInode): Buffer {
  const inode = Buffer.alloc(directoryBytes);
  writeHeader(inode, inodeTypes.directory, 0o755, about);
  inode.writeUInt32LE(listing.block, headerBytes);
  inode.writeUInt32LE(impliedLinks + subdirectories, headerBytes + 4);
  inode.writeUInt16LE(listing.bytes + impliedBytes, headerBytes + 8);
  inode.writeUInt16LE(listing.offset, headerBytes + 10);
  inode.writeUInt32LE(parent, headerBytes + 12);
  return inode;
}
