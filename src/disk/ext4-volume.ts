import { allocationOf } from './ext4-volume/allocation.ts';
import { openBlocks, type ReadPartition } from './ext4-volume/blocks.ts';
import { addName, findPath, listDirectory, writeNewDirectory } from './ext4-volume/directories.ts';
import { damaged, unsupported } from './ext4-volume/faults.ts';
import {
  contentBlocks,
  extentArea,
  fileType,
  type Inode,
  inodeFlag,
  readContent,
  writeInode,
} from './ext4-volume/inodes.ts';
import type { DiskRange } from './output.ts';

/** Contents that are read or written: configuration files. */
const largestFile = 16 << 20;

/**
 * An ext4 filesystem of unknown origin in which a few small files change, in memory: all else stays where it is, bit for bit,
 * with labels and times. Paths go through the filesystem's own symbolic links. All methods throw CosaError `DISK_INVALID`
 * (exit 4) for what contradicts itself, `DISK_UNSUPPORTED` (exit 2) for what is not understood, and what reading throws.
 */
export interface Ext4Volume {
  /** The names in a directory; none if there is no such directory. */
  list(path: string): Promise<string[]>;
  /** A file's content; `undefined` if there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /**
   * Writes a file of root's, or replaces the content of one, whose owner and permissions stay.
   * @param path its directory exists
   * @throws CosaError `FILESYSTEM_FULL` (exit 1)
   */
  write(path: string, content: Buffer, permissions: number): Promise<void>;
  /** Makes a directory of root's, if there is none. @param path its parent exists */
  makeDirectory(path: string, permissions: number): Promise<void>;
  /** What has changed, by positions in the partition. To be called once, at the end. */
  finish(): DiskRange[];
}

/**
 * Opens a filesystem.
 * @param size of its partition, in bytes
 */
export async function openExt4Volume(read: ReadPartition, size: number): Promise<Ext4Volume> {
  const blocks = await openBlocks(read, size);
  const allocation = allocationOf(blocks);
  const { blockSize, inodeSize, time } = blocks.superblock;

  async function parentOf(path: string): Promise<{ parent: Inode; name: string }> {
    const names = path.split('/');
    const name = names.pop() ?? '';
    const parent = await findPath(blocks, names.join('/'));
    if (parent === undefined || (parent.mode & fileType.mask) !== fileType.directory) {
      throw unsupported(`it has no directory "/${names.join('/')}"`);
    }
    return { parent, name };
  }

  /** @param first of the blocks of its content, which lie behind each other */
  function newInode(mode: number, links: number, size: number, first: number): Buffer {
    const bytes = Buffer.alloc(inodeSize);
    bytes.writeUInt16LE(mode, 0);
    bytes.writeUInt16LE(links, 0x1a);
    for (const at of [0x08, 0x0c, 0x10]) bytes.writeUInt32LE(time, at);
    if (inodeSize > 128) {
      bytes.writeUInt16LE(32, 0x80);
      bytes.writeUInt32LE(time, 0x90);
    }
    setContent(bytes, size, first);
    return bytes;
  }

  function setContent(bytes: Buffer, size: number, first: number): void {
    const count = Math.ceil(size / blockSize);
    bytes.writeUInt32LE(size, 4);
    bytes.writeUInt32LE(0, 0x6c);
    // Extended attributes that do not fit into the inode have a block, which is counted, too.
    const hasAttributeBlock = bytes.readUInt32LE(0x68) !== 0 || bytes.readUInt16LE(0x76) !== 0;
    bytes.writeUInt32LE((count + (hasAttributeBlock ? 1 : 0)) * (blockSize / 512), 0x1c);
    bytes.writeUInt16LE(0, 0x74);
    bytes.writeUInt32LE((bytes.readUInt32LE(0x20) | inodeFlag.extents) >>> 0, 0x20);
    const area = bytes.subarray(extentArea.offset, extentArea.offset + extentArea.length).fill(0);
    area.writeUInt16LE(0xf30a, 0);
    area.writeUInt16LE(count === 0 ? 0 : 1, 2);
    area.writeUInt16LE(4, 4);
    if (count === 0) return;
    area.writeUInt16LE(count, 16);
    area.writeUInt16LE(Math.floor(first / 2 ** 32), 18);
    area.writeUInt32LE(first % 2 ** 32, 20);
  }

  /** Writes content to new blocks. @returns the first one */
  async function store(content: Buffer): Promise<number> {
    const count = Math.ceil(content.length / blockSize);
    if (count === 0) return 0;
    const first = await allocation.takeBlocks(count);
    for (let index = 0; index < count; index++) content.copy(blocks.replace(first + index), 0, index * blockSize);
    return first;
  }

  async function replaceContent(inode: Inode, content: Buffer): Promise<void> {
    const isSimple = (inode.flags & inodeFlag.extents) !== 0 && inode.bytes.readUInt16LE(extentArea.offset + 6) === 0;
    const old = await contentBlocks(blocks, inode, largestFile / blockSize);
    if (!isSimple || old.includes(0)) throw unsupported(`the content of inode ${inode.number} lies in many places`);
    const bytes = Buffer.from(inode.bytes);
    const first = await store(content);
    for (const number of old) await allocation.giveBlock(number);
    setContent(bytes, content.length, first);
    await writeInode(blocks, inode.number, bytes);
  }

  return {
    async list(path) {
      const inode = await findPath(blocks, path);
      return inode === undefined ? [] : [...(await listDirectory(blocks, inode)).keys()];
    },
    async read(path) {
      const inode = await findPath(blocks, path);
      if (inode === undefined || (inode.mode & fileType.mask) !== fileType.regular) return undefined;
      return readContent(blocks, inode, largestFile);
    },
    async write(path, content, permissions) {
      const there = await findPath(blocks, path);
      if (there !== undefined) {
        if ((there.mode & fileType.mask) !== fileType.regular) throw unsupported(`"/${path}" is no file`);
        return replaceContent(there, content);
      }
      const { parent, name } = await parentOf(path);
      const number = await allocation.takeInode(false);
      const bytes = newInode(fileType.regular | permissions, 1, content.length, await store(content));
      await writeInode(blocks, number, bytes);
      await addName(blocks, parent, { name, inode: number, type: fileType.regular });
    },
    async makeDirectory(path, permissions) {
      if ((await findPath(blocks, path)) !== undefined) return;
      const { parent, name } = await parentOf(path);
      const number = await allocation.takeInode(true);
      const first = await allocation.takeBlocks(1);
      const bytes = newInode(fileType.directory | permissions, 2, blockSize, first);
      await writeInode(blocks, number, bytes);
      writeNewDirectory(blocks, first, { number, bytes }, parent.number);
      await addName(blocks, parent, { name, inode: number, type: fileType.directory });
      const changed = Buffer.from(parent.bytes);
      const links = changed.readUInt16LE(0x1a);
      if (links === 0xffff) throw damaged(`inode ${parent.number} has ${links} links`);
      changed.writeUInt16LE(links + 1, 0x1a);
      await writeInode(blocks, parent.number, changed);
    },
    finish: () => blocks.finish(allocation.added),
  };
}
