import { crc32c } from '../../lib/crc32c.ts';
import { CosaError } from '../../lib/errors.ts';
import type { Blocks } from './blocks.ts';

// https://docs.kernel.org/filesystems/ext4/group_descr.html

/** Flags of a group: one of its bitmaps was never written. */
const groupFlag = { inodesUnwritten: 1, blocksUnwritten: 2 } as const;

/** Takes blocks and inodes of a filesystem into use, and gives blocks back. */
export interface Allocation {
  /**
   * Finds blocks that follow each other.
   * @returns the first one
   * @throws CosaError `FILESYSTEM_FULL` (exit 1)
   */
  takeBlocks(count: number): Promise<number>;
  giveBlock(number: number): Promise<void>;
  /** @returns the number of an inode @throws CosaError `FILESYSTEM_FULL` (exit 1) */
  takeInode(isDirectory: boolean): Promise<number>;
  /** How many more are in use than there were. */
  readonly added: { blocks: number; inodes: number };
}

/** A number of a descriptor that has two halves. */
interface Halves {
  low: number;
  high: number;
}

const fields = {
  freeBlocks: { low: 0x0c, high: 0x2c },
  freeInodes: { low: 0x0e, high: 0x2e },
  directories: { low: 0x10, high: 0x30 },
  blockBitmapSum: { low: 0x18, high: 0x38 },
  inodeBitmapSum: { low: 0x1a, high: 0x3a },
  unusedInodes: { low: 0x1c, high: 0x32 },
} as const satisfies Record<string, Halves>;
const flagsAt = 0x12;

export function allocationOf(blocks: Blocks): Allocation {
  const { superblock } = blocks;
  const { blockCount, firstBlock, blocksPerGroup, inodesPerGroup, seed } = superblock;
  const groups = Math.ceil((blockCount - firstBlock) / blocksPerGroup);
  const added = { blocks: 0, inodes: 0 };

  const get = (descriptor: Buffer, { low, high }: Halves) =>
    descriptor.readUInt16LE(low) + (descriptor.length >= 64 ? descriptor.readUInt16LE(high) * 2 ** 16 : 0);

  function set(descriptor: Buffer, { low, high }: Halves, value: number): void {
    descriptor.writeUInt16LE(value & 0xffff, low);
    if (descriptor.length >= 64) descriptor.writeUInt16LE(value >>> 16, high);
  }

  const bitmapBlock = (descriptor: Buffer, at: number) =>
    descriptor.readUInt32LE(at) + (descriptor.length >= 64 ? descriptor.readUInt32LE(at + 0x20) * 2 ** 32 : 0);

  function seal(descriptor: Buffer, bitmap: Buffer, bits: number, field: Halves): void {
    if (seed !== undefined) set(descriptor, field, crc32c(seed, bitmap.subarray(0, bits / 8)));
  }

  const blocksIn = (group: number) => Math.min(blocksPerGroup, blockCount - firstBlock - group * blocksPerGroup);

  /** Marks blocks of a group as used, or as free. */
  async function mark(group: number, first: number, count: number, used: boolean): Promise<void> {
    const descriptor = await blocks.descriptor(group);
    const bitmap = await blocks.change(bitmapBlock(descriptor, 0));
    for (let bit = first; bit < first + count; bit++) setBit(bitmap, bit, used);
    set(descriptor, fields.freeBlocks, get(descriptor, fields.freeBlocks) + (used ? -count : count));
    seal(descriptor, bitmap, blocksPerGroup, fields.blockBitmapSum);
    await blocks.sealDescriptor(group);
    added.blocks += used ? count : -count;
  }

  return {
    added,
    async takeBlocks(count) {
      for (let group = 0; group < groups; group++) {
        const descriptor = await blocks.descriptor(group);
        if ((descriptor.readUInt16LE(flagsAt) & groupFlag.blocksUnwritten) !== 0) continue;
        if (get(descriptor, fields.freeBlocks) < count) continue;
        const first = freeRun(await blocks.read(bitmapBlock(descriptor, 0)), blocksIn(group), count);
        if (first === undefined) continue;
        await mark(group, first, count, true);
        return firstBlock + group * blocksPerGroup + first;
      }
      throw full(`${count * superblock.blockSize} bytes`);
    },
    async giveBlock(number) {
      const index = number - firstBlock;
      await mark(Math.floor(index / blocksPerGroup), index % blocksPerGroup, 1, false);
    },
    async takeInode(isDirectory) {
      for (let group = 0; group < groups; group++) {
        const descriptor = await blocks.descriptor(group);
        if ((descriptor.readUInt16LE(flagsAt) & groupFlag.inodesUnwritten) !== 0) continue;
        if (get(descriptor, fields.freeInodes) === 0) continue;
        const bitmap = await blocks.change(bitmapBlock(descriptor, 4));
        const index = freeRun(bitmap, inodesPerGroup, 1);
        if (index === undefined) continue;
        setBit(bitmap, index, true);
        set(descriptor, fields.freeInodes, get(descriptor, fields.freeInodes) - 1);
        if (isDirectory) set(descriptor, fields.directories, get(descriptor, fields.directories) + 1);
        if (seed !== undefined) {
          const unused = Math.min(get(descriptor, fields.unusedInodes), inodesPerGroup - index - 1);
          set(descriptor, fields.unusedInodes, unused);
        }
        seal(descriptor, bitmap, inodesPerGroup, fields.inodeBitmapSum);
        await blocks.sealDescriptor(group);
        added.inodes++;
        return group * inodesPerGroup + index + 1;
      }
      throw full('one more file');
    },
  };
}

/** The first of so many bits in a row that are not set. */
function freeRun(bitmap: Buffer, bits: number, count: number): number | undefined {
  let length = 0;
  for (let bit = 0; bit < bits; bit++) {
    const isUsed = ((bitmap[bit >> 3] as number) & (1 << (bit & 7))) !== 0;
    length = isUsed ? 0 : length + 1;
    if (length === count) return bit - count + 1;
  }
  return undefined;
}

function setBit(bitmap: Buffer, bit: number, used: boolean): void {
  const byte = bitmap[bit >> 3] as number;
  bitmap[bit >> 3] = used ? byte | (1 << (bit & 7)) : byte & ~(1 << (bit & 7));
}

function full(what: string) {
  return new CosaError('FILESYSTEM_FULL', `the boot filesystem of the disk has no room for ${what}`, {
    hint: 'make what is added smaller: an Ignition config can merge one that lies on a server',
  });
}
