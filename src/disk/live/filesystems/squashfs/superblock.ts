/** Where the tables of a filesystem lie, and what its superblock says of them. */
export interface TablePlaces {
  inodeCount: number;
  /** A reference, as {@link squashfsTables} makes them. */
  rootInode: bigint;
  inodes: number;
  directories: number;
  /** Of no fragments: where the directories end, for readers check the order. */
  fragments: number;
  ids: number;
}

interface Superblock extends TablePlaces {
  /** Seconds since the epoch. */
  timestamp: number;
  blockBytes: number;
  compressor: number;
  /** Bytes of the filesystem. */
  end: number;
}

export const superblockBytes = 96;

const magic = 0x73717368;
const version = { major: 4, minor: 0 };
/** Inodes, fragments and identifiers are stored as they are; no fragments, no extended attributes. */
const flags = 0x0001 | 0x0008 | 0x0010 | 0x0200 | 0x0800;
const idCount = 1;
const none = 0xffff_ffff_ffff_ffffn;

/** `struct squashfs_super_block` of the kernel's fs/squashfs/squashfs_fs.h */
export function superblock({ inodes, directories, ids, ...about }: Superblock): Buffer {
  const block = Buffer.alloc(superblockBytes);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(about.inodeCount, 4);
  block.writeUInt32LE(about.timestamp, 8);
  block.writeUInt32LE(about.blockBytes, 12);
  block.writeUInt16LE(about.compressor, 20);
  block.writeUInt16LE(Math.log2(about.blockBytes), 22);
  block.writeUInt16LE(flags, 24);
  block.writeUInt16LE(idCount, 26);
  block.writeUInt16LE(version.major, 28);
  block.writeUInt16LE(version.minor, 30);
  block.writeBigUInt64LE(about.rootInode, 32);
  block.writeBigUInt64LE(BigInt(about.end), 40);
  block.writeBigUInt64LE(BigInt(ids), 48);
  block.writeBigUInt64LE(none, 56);
  block.writeBigUInt64LE(BigInt(inodes), 64);
  block.writeBigUInt64LE(BigInt(directories), 72);
  block.writeBigUInt64LE(BigInt(about.fragments), 80);
  block.writeBigUInt64LE(none, 88);
  return block;
}
