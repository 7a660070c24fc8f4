import { crc32c } from '../../lib/crc32c.ts';
import type { DiskRange } from '../output.ts';
import { damaged, unsupported } from './faults.ts';
import { parseSuperblock, type Superblock, sealSuperblock, superblockPlace } from './superblock.ts';

/** Bytes that are kept in memory: the files of a boot loader's configuration, and directories, are far smaller. */
const mostRead = 128 << 20;

/** Fills the buffer with bytes of a partition. */
export type ReadPartition = (position: number, buffer: Buffer) => Promise<void>;

/** An ext4 filesystem, of which blocks are read, and changed in memory. */
export interface Blocks {
  readonly superblock: Superblock;
  /** A block as it is now; its bytes are shared, and only who `change`s it writes to them. @throws CosaError `DISK_INVALID` */
  read(number: number): Promise<Buffer>;
  /** The same, to be written to. */
  change(number: number): Promise<Buffer>;
  /** A block of zeros in its place, to be written to. */
  replace(number: number): Buffer;
  /** The descriptor of a group, to be written to, and its place. */
  descriptor(group: number): Promise<Buffer>;
  /** Gives a changed descriptor its checksum. */
  sealDescriptor(group: number): Promise<void>;
  /**
   * What has changed, by positions in the partition. To be called once.
   * @param added blocks and inodes that are in use now and were not before
   */
  finish(added: { blocks: number; inodes: number }): DiskRange[];
}

/** @throws CosaError `DISK_INVALID` (exit 4), `DISK_UNSUPPORTED` (exit 2), what `read` throws */
export async function openBlocks(readPartition: ReadPartition, size: number): Promise<Blocks> {
  const bytes = Buffer.alloc(superblockPlace.length);
  if (size < superblockPlace.offset + bytes.length) throw damaged('its partition is too small for one');
  await readPartition(superblockPlace.offset, bytes);
  const superblock = parseSuperblock(bytes, size);
  const { blockSize, blockCount, firstBlock, descriptorSize, seed } = superblock;
  const known = new Map<number, Buffer>();
  const changed = new Set<number>();

  function check(number: number): void {
    if (!Number.isInteger(number) || number <= firstBlock || number >= blockCount) {
      throw damaged(`something lies in block ${number}, which there is not`);
    }
  }

  async function read(number: number): Promise<Buffer> {
    check(number);
    const there = known.get(number);
    if (there !== undefined) return there;
    if (known.size * blockSize >= mostRead) throw unsupported(`more than ${mostRead} bytes of it would be read`);
    const block = Buffer.alloc(blockSize);
    await readPartition(number * blockSize, block);
    known.set(number, block);
    return block;
  }

  async function change(number: number): Promise<Buffer> {
    const block = await read(number);
    changed.add(number);
    return block;
  }

  const perBlock = blockSize / descriptorSize;
  const descriptor = async (group: number) => {
    const block = await change(firstBlock + 1 + Math.floor(group / perBlock));
    return block.subarray((group % perBlock) * descriptorSize).subarray(0, descriptorSize);
  };

  return {
    superblock,
    read,
    change,
    replace(number) {
      check(number);
      const block = Buffer.alloc(blockSize);
      known.set(number, block);
      changed.add(number);
      return block;
    },
    descriptor,
    async sealDescriptor(group) {
      if (seed === undefined) return;
      const fields = await descriptor(group);
      fields.writeUInt16LE(0, 0x1e);
      const number = Buffer.alloc(4);
      number.writeUInt32LE(group);
      fields.writeUInt16LE(crc32c(crc32c(seed, number), fields) & 0xffff, 0x1e);
    },
    finish(added) {
      sealSuperblock(superblock, added);
      const ranges = [...changed].map((number) => {
        return { position: number * blockSize, bytes: known.get(number) as Buffer };
      });
      return [...ranges, { position: superblockPlace.offset, bytes: superblock.bytes }];
    },
  };
}
