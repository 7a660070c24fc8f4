import { crc32c } from '../../lib/crc32c.ts';
import { damaged, unsupported } from './faults.ts';

// https://docs.kernel.org/filesystems/ext4/super.html

/** Where it stands, and its length. */
export const superblockPlace = { offset: 1024, length: 1024 } as const;

/** What of a superblock decides where things are. */
export interface Superblock {
  /** The bytes, which {@link sealSuperblock} brings up to date. */
  bytes: Buffer;
  blockSize: number;
  blockCount: number;
  /** Of the group 0: 1 where blocks have 1 KiB. */
  firstBlock: number;
  blocksPerGroup: number;
  inodeCount: number;
  inodesPerGroup: number;
  inodeSize: number;
  /** Bytes of a group's descriptor. */
  descriptorSize: number;
  /** What checksums of metadata begin with; `undefined` if there are none. */
  seed: number | undefined;
  /** Seconds since the epoch when it was last written: what is added has the same age. */
  time: number;
}

const magic = 0xef53;
const isClean = 1;
const needsRecovery = 0x04;
const has64bit = 0x80;
const hasStoredSeed = 0x2000;
const hasChecksums = 0x400;
/** filetype, extents, 64bit, flex_bg, metadata_csum_seed, large_dir. */
const knownIncompatible = 0x02 | 0x40 | has64bit | 0x200 | hasStoredSeed | 0x4000;
/** sparse_super, large_file, huge_file, dir_nlink, extra_isize, metadata_csum. */
const knownReadOnlyCompatible = 0x01 | 0x02 | 0x08 | 0x20 | 0x40 | hasChecksums;
const hasFiletypeAndExtents = 0x42;

/**
 * Reads a superblock of unknown origin.
 * @param bytes of the superblock
 * @param size of the partition, in bytes
 * @throws CosaError `DISK_INVALID` (exit 4), `DISK_UNSUPPORTED` (exit 2)
 */
export function parseSuperblock(bytes: Buffer, size: number): Superblock {
  const get = (at: number) => bytes.readUInt32LE(at);
  if (bytes.readUInt16LE(0x38) !== magic) throw unsupported('it is no ext4');
  const [incompatible, readOnly] = [get(0x60), get(0x64)];
  if ((incompatible & needsRecovery) !== 0 || bytes.readUInt16LE(0x3a) !== isClean) {
    throw unsupported(
      'it was not unmounted in order',
      'boot the disk and shut it down, or run e2fsck on the partition',
    );
  }
  const unknown = (incompatible & ~knownIncompatible) | (readOnly & ~knownReadOnlyCompatible);
  if (unknown !== 0 || (incompatible & hasFiletypeAndExtents) !== hasFiletypeAndExtents) {
    throw unsupported(
      `it has features that are not known, 0x${incompatible.toString(16)} and 0x${readOnly.toString(16)}`,
    );
  }
  const blockSize = 1024 * 2 ** get(0x18);
  const is64bit = (incompatible & has64bit) !== 0;
  const superblock: Superblock = {
    bytes,
    blockSize,
    blockCount: get(0x04) + (is64bit ? get(0x150) * 2 ** 32 : 0),
    firstBlock: get(0x14),
    blocksPerGroup: get(0x20),
    inodeCount: get(0x00),
    inodesPerGroup: get(0x28),
    inodeSize: bytes.readUInt16LE(0x58),
    descriptorSize: is64bit ? bytes.readUInt16LE(0xfe) : 32,
    seed: (readOnly & hasChecksums) === 0 ? undefined : seedOf(bytes, incompatible),
    time: get(0x30),
  };
  checkGeometry(superblock, size);
  return superblock;
}

function seedOf(bytes: Buffer, incompatible: number): number {
  if (bytes.readUInt32LE(0x3fc) !== crc32c(0xffffffff, bytes.subarray(0, 0x3fc))) {
    throw damaged("the superblock's checksum is wrong");
  }
  if ((incompatible & hasStoredSeed) !== 0) return bytes.readUInt32LE(0x270);
  return crc32c(0xffffffff, bytes.subarray(0x68, 0x78));
}

function checkGeometry(superblock: Superblock, size: number): void {
  const { blockSize, blockCount, firstBlock, blocksPerGroup, inodeCount, inodesPerGroup, inodeSize } = superblock;
  const isPower = (value: number, least: number, most: number) =>
    value >= least && value <= most && Number.isInteger(Math.log2(value));
  if (!isPower(blockSize, 1024, 4096)) throw unsupported('its blocks have neither 1, 2 nor 4 KiB');
  if (blockCount * blockSize > size) throw damaged('it is larger than its partition');
  const groups = Math.ceil((blockCount - firstBlock) / blocksPerGroup);
  const isRight =
    firstBlock === (blockSize === 1024 ? 1 : 0) &&
    blocksPerGroup >= 8 &&
    blocksPerGroup <= 8 * blockSize &&
    blocksPerGroup % 8 === 0 &&
    inodesPerGroup >= 8 &&
    inodesPerGroup <= 8 * blockSize &&
    inodesPerGroup % 8 === 0 &&
    isPower(inodeSize, 128, blockSize) &&
    isPower(superblock.descriptorSize, 32, 1024) &&
    groups >= 1 &&
    inodeCount === groups * inodesPerGroup;
  if (!isRight) throw damaged('the numbers of its superblock contradict each other');
}

/** Brings the superblock's counts and its checksum up to date. @throws CosaError `DISK_INVALID` (exit 4) */
export function sealSuperblock({ bytes, seed }: Superblock, added: { blocks: number; inodes: number }): void {
  for (const [at, count] of [
    [0x0c, added.blocks],
    [0x10, added.inodes],
  ] as const) {
    const free = bytes.readUInt32LE(at) - count;
    if (free < 0 || free > 0xffffffff) throw damaged('its counts of what is free are wrong');
    bytes.writeUInt32LE(free, at);
  }
  if (seed !== undefined) bytes.writeUInt32LE(crc32c(0xffffffff, bytes.subarray(0, 0x3fc)), 0x3fc);
}
