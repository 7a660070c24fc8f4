import { crc32c } from '../../../lib/crc32c.ts';

/** Checksums of metadata: https://docs.kernel.org/filesystems/ext4/overview.html#checksums */
export interface Checksums {
  /** Where all but the superblock's begin; stored there, so that the UUID can be changed later (metadata_csum_seed). */
  readonly seed: number;
  /** Of a bitmap. */
  of(bytes: Uint8Array): number;
  /** Where the checksums of an inode and of what belongs to it begin. */
  ofInode(inode: number): number;
  /** Where the checksum of a group's descriptor begins. */
  ofGroup(group: number): number;
  /** Where the checksum of a block of extended attributes begins. */
  ofBlock(block: number): number;
}

/** @param uuid 16 bytes */
export function checksumsOf(uuid: Uint8Array): Checksums {
  const seed = crc32c(0xffffffff, uuid);
  const number = Buffer.alloc(8);

  return {
    seed,
    of: (bytes) => crc32c(seed, bytes),
    ofInode(inode) {
      // The generation follows, which is 0 in all inodes.
      number.writeUInt32LE(inode, 0);
      number.writeUInt32LE(0, 4);
      return crc32c(seed, number);
    },
    ofGroup(group) {
      number.writeUInt32LE(group, 0);
      return crc32c(seed, number.subarray(0, 4));
    },
    ofBlock(block) {
      number.writeBigUInt64LE(BigInt(block));
      return crc32c(seed, number);
    },
  };
}
