import { crc32c } from '../../../lib/crc32c.ts';
import {
  backupGroups,
  blockSize,
  blocksPerGroup,
  descriptorSize,
  groupsPerFlex,
  inodeSize,
  reservedDescriptorBlocks,
} from './geometry.ts';
import { extraInodeSize, specialInodes } from './inode.ts';

// https://docs.kernel.org/filesystems/ext4/super.html

const magic = 0xef53;
const superblockSize = 1024;
const checksumOffset = 0x3fc;

/** Features of the three kinds, each with its bit. All are read by GRUB 2.06. */
const features = {
  compatible: { has_journal: 0x04, ext_attr: 0x08, resize_inode: 0x10, dir_index: 0x20 },
  incompatible: { filetype: 0x02, extent: 0x40, '64bit': 0x80, flex_bg: 0x200, metadata_csum_seed: 0x2000 },
  readOnlyCompatible: {
    sparse_super: 0x01,
    large_file: 0x02,
    huge_file: 0x08,
    dir_nlink: 0x20,
    extra_isize: 0x40,
    metadata_csum: 0x400,
  },
} as const;

/** Names are hashed as signed characters, which `name-hash.ts` does. */
const signedHash = 1;
const halfMd4 = 1;
const crc32cChecksums = 1;
/** Extended attributes and access control lists work without an option of the mount. */
const defaultMountOptions = 0x0c;

export interface SuperblockFields {
  /** 16 bytes. */
  uuid: Uint8Array;
  /** At most 16 bytes. */
  label: string;
  /** Seconds since the epoch. */
  timestamp: number;
  blockCount: number;
  reservedBlocks: number;
  freeBlocks: number;
  inodeCount: number;
  freeInodes: number;
  inodesPerGroup: number;
  checksumSeed: number;
  /** Where the journal lies, in case its inode is lost: the area of that inode that says it, and bytes. */
  journal: { area: Uint8Array; size: number };
}

/**
 * The superblock.
 * @param group in which it stands: each copy says that, so that each has a checksum of its own
 */
function superblock(fields: SuperblockFields, group: number): Buffer {
  const { uuid, timestamp, blockCount, reservedBlocks, freeBlocks, journal } = fields;
  const block = Buffer.alloc(superblockSize);
  const set32 = (value: number, at: number) => block.writeUInt32LE(value, at);
  const setSplit = (value: number, low: number, high: number) => {
    set32(value % 2 ** 32, low);
    set32(Math.floor(value / 2 ** 32), high);
  };
  const setTime = (seconds: number, low: number, high: number) => {
    set32(seconds % 2 ** 32, low);
    block.writeUInt8(Math.floor(seconds / 2 ** 32), high);
  };
  set32(fields.inodeCount, 0x00);
  setSplit(blockCount, 0x04, 0x150);
  setSplit(reservedBlocks, 0x08, 0x154);
  setSplit(freeBlocks, 0x0c, 0x158);
  set32(fields.freeInodes, 0x10);
  set32(Math.log2(blockSize / 1024), 0x18);
  set32(Math.log2(blockSize / 1024), 0x1c);
  set32(blocksPerGroup, 0x20);
  set32(blocksPerGroup, 0x24);
  set32(fields.inodesPerGroup, 0x28);
  setTime(timestamp, 0x30, 0x274); // last write
  block.writeUInt16LE(0xffff, 0x36); // no count of mounts asks for a check
  block.writeUInt16LE(magic, 0x38);
  block.writeUInt16LE(1, 0x3a); // clean
  block.writeUInt16LE(1, 0x3c); // goes on after errors
  setTime(timestamp, 0x40, 0x277); // last check
  set32(1, 0x4c); // revision
  set32(specialInodes.firstOther, 0x54);
  block.writeUInt16LE(inodeSize, 0x58);
  block.writeUInt16LE(group, 0x5a);
  set32(bits(features.compatible), 0x5c);
  set32(bits(features.incompatible), 0x60);
  set32(bits(features.readOnlyCompatible), 0x64);
  block.set(uuid, 0x68);
  block.write(fields.label, 0x78);
  block.writeUInt16LE(reservedDescriptorBlocks(blockCount), 0xce);
  set32(specialInodes.journal, 0xe0);
  // The seed of the hashes of names. Elsewhere it is random, but the same input gives the same bytes here.
  block.set(uuid, 0xec);
  block.writeUInt8(halfMd4, 0xfc);
  block.writeUInt8(1, 0xfd); // what follows backs up the journal's inode
  block.writeUInt16LE(descriptorSize, 0xfe);
  set32(defaultMountOptions, 0x100);
  setTime(timestamp, 0x108, 0x276); // made
  block.set(journal.area, 0x10c);
  setSplit(journal.size, 0x10c + 64, 0x10c + 60);
  block.writeUInt16LE(extraInodeSize, 0x15c); // at least in each inode
  block.writeUInt16LE(extraInodeSize, 0x15e); // wanted in new ones
  set32(signedHash, 0x160);
  block.writeUInt8(Math.log2(groupsPerFlex), 0x174);
  block.writeUInt8(crc32cChecksums, 0x175);
  set32(fields.checksumSeed, 0x270);
  set32(crc32c(0xffffffff, block.subarray(0, checksumOffset)), checksumOffset);
  return block;
}

function bits(named: Readonly<Record<string, number>>): number {
  return Object.values(named).reduce((sum, bit) => sum | bit, 0);
}

/** Behind the boot sectors. */
const primaryOffset = 1024;

/**
 * Writes superblock and descriptors, and their copies.
 * @param descriptors whole blocks
 */
export function writeSuperblocks(
  fields: SuperblockFields,
  descriptors: Buffer,
  write: (position: number, bytes: Buffer) => void,
): void {
  write(primaryOffset, superblock(fields, 0));
  write(blockSize, descriptors);
  for (const group of backupGroups(Math.ceil(fields.blockCount / blocksPerGroup))) {
    const position = group * blocksPerGroup * blockSize;
    write(position, superblock(fields, group));
    write(position + blockSize, descriptors);
  }
}
