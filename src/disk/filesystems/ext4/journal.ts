import { blockSize } from './geometry.ts';

// https://docs.kernel.org/filesystems/ext4/journal.html

const magic = 0xc03b3998;
const superblockType = 4;

/**
 * How many blocks of journal a filesystem may have, the best first. It never grows later, but the filesystem does: beyond
 * 1 GiB it has the journal of a large one.
 */
export function journalSizes(blockCount: number): number[] {
  const gibibyte = 2 ** 30 / blockSize;
  return [16384, 4096, 1024].filter(
    (size) => size === 1024 || (size === 4096 && blockCount >= gibibyte / 8) || blockCount >= gibibyte,
  );
}

/** The least that the kernel takes. */
export const leastJournal = 1024;

/**
 * The first block of a journal that holds nothing; the others are not looked at.
 * @param uuid the filesystem's 16 bytes
 */
export function journalSuperblock(blockCount: number, uuid: Uint8Array): Buffer {
  const block = Buffer.alloc(blockSize);
  block.writeUInt32BE(magic, 0x00);
  block.writeUInt32BE(superblockType, 0x04);
  block.writeUInt32BE(blockSize, 0x0c);
  block.writeUInt32BE(blockCount, 0x10);
  block.writeUInt32BE(1, 0x14); // the first block of its log
  block.writeUInt32BE(1, 0x18); // the first transaction that will come
  block.set(uuid, 0x30);
  block.writeUInt32BE(1, 0x40); // filesystems that use it
  return block;
}
