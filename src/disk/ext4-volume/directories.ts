import { crc32c } from '../../lib/crc32c.ts';
import type { Blocks } from './blocks.ts';
import { damaged, unsupported } from './faults.ts';
import {
  contentBlocks,
  fileType,
  type Inode,
  inodeFlag,
  inodeSeed,
  readContent,
  readInode,
  rootInode,
} from './inodes.ts';

// https://docs.kernel.org/filesystems/ext4/directory.html

const headerSize = 8;
/** What ends a block with a checksum: an entry without a name. */
const tailSize = 12;
const tailType = 0xde;
const largestDirectory = 4 << 20;
const mostLinks = 8;
/** Names on the way of a path, those of its links too: a directory is read for each. */
const mostNames = 100;
const longestTarget = 4096;

/** Of entries, by the type bits of a mode. */
const entryTypes: Readonly<Record<number, number>> = { [fileType.regular]: 1, [fileType.directory]: 2 };

interface Entry {
  name: Buffer;
  inode: number;
  /** Where the entry begins in its block, and the bytes that it takes. */
  at: number;
  length: number;
}

/** The entries of a block, those without an inode included; nodes of a hash tree look like empty ones. */
function* entriesOf(block: Buffer): Generator<Entry> {
  for (let at = 0; at + headerSize <= block.length; ) {
    const length = block.readUInt16LE(at + 4);
    const nameLength = block.readUInt8(at + 6);
    if (length < headerSize || length % 4 !== 0 || at + length > block.length || headerSize + nameLength > length) {
      throw damaged('a directory has an entry that passes its end');
    }
    const name = block.subarray(at + headerSize, at + headerSize + nameLength);
    yield { name, inode: block.readUInt32LE(at), at, length };
    at += length;
  }
}

/** Blocks of a directory. */
async function directoryBlocks(blocks: Blocks, directory: Inode): Promise<number[]> {
  return contentBlocks(blocks, directory, largestDirectory / blocks.superblock.blockSize);
}

/** The names in a directory, with their inodes, in the order in which they lie there; without `.` and `..`. */
export async function listDirectory(blocks: Blocks, directory: Inode): Promise<Map<string, number>> {
  if ((directory.mode & fileType.mask) !== fileType.directory) return new Map();
  const names = new Map<string, number>();
  for (const number of await directoryBlocks(blocks, directory)) {
    if (number === 0) continue;
    for (const { name, inode } of entriesOf(await blocks.read(number))) {
      const text = name.toString('latin1');
      if (inode !== 0 && text !== '.' && text !== '..' && text !== '') names.set(text, inode);
    }
  }
  return names;
}

/**
 * Finds what a path leads to, through symbolic links of the filesystem itself.
 * @param path relative to the filesystem's root
 * @throws CosaError `DISK_INVALID`, `DISK_UNSUPPORTED`
 */
export async function findPath(blocks: Blocks, path: string): Promise<Inode | undefined> {
  let links = 0;
  let names = 0;
  const root = await readInode(blocks, rootInode);
  const parents: Inode[] = [root];
  const left = path.split('/');
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parents.length > 1) parents.pop();
      continue;
    }
    if (++names > mostNames) throw damaged('symbolic links lead through too many directories');
    const number = (await listDirectory(blocks, parents.at(-1) ?? root)).get(part);
    if (number === undefined) return undefined;
    const inode = await readInode(blocks, number);
    if ((inode.mode & fileType.mask) === fileType.link) {
      if (++links > mostLinks) throw damaged('symbolic links lead in a circle');
      const target = await linkTarget(blocks, inode);
      if (target.startsWith('/')) parents.splice(1);
      left.unshift(...target.split('/'));
      continue;
    }
    parents.push(inode);
  }
  return parents.at(-1);
}

async function linkTarget(blocks: Blocks, inode: Inode): Promise<string> {
  // Short ones stand where extents would.
  const isShort = (inode.flags & inodeFlag.extents) === 0 && inode.size < 60;
  const target = isShort
    ? inode.bytes.subarray(0x28, 0x28 + inode.size)
    : await readContent(blocks, inode, longestTarget);
  return target.toString('latin1');
}

/**
 * Adds a name to a directory that has room for it.
 * @throws CosaError `DISK_UNSUPPORTED` (exit 2) for one that is large or full, `DISK_INVALID`
 */
export async function addName(
  blocks: Blocks,
  directory: Inode,
  added: { name: string; inode: number; type: number },
): Promise<void> {
  if ((directory.flags & inodeFlag.hashedDirectory) !== 0) throw unsupported('one of its directories is a large one');
  const name = Buffer.from(added.name);
  const needed = spaceOf(name.length);
  for (const number of await directoryBlocks(blocks, directory)) {
    if (number === 0) continue;
    const block = await blocks.read(number);
    for (const entry of entriesOf(usableOf(blocks, block))) {
      const used = entry.inode === 0 ? 0 : spaceOf(entry.name.length);
      if (entry.length - used < needed) continue;
      const changed = await blocks.change(number);
      if (used > 0) changed.writeUInt16LE(used, entry.at + 4);
      writeEntry(changed, entry.at + used, entry.length - used, { name, inode: added.inode, type: added.type });
      sealBlock(blocks, directory, changed);
      return;
    }
  }
  throw unsupported('one of its directories is full');
}

function spaceOf(nameLength: number): number {
  return Math.ceil((headerSize + nameLength) / 4) * 4;
}

/** A directory's block without the checksum at its end. */
function usableOf(blocks: Blocks, block: Buffer): Buffer {
  return blocks.superblock.seed === undefined ? block : block.subarray(0, block.length - tailSize);
}

function writeEntry(block: Buffer, at: number, length: number, entry: { name: Buffer; inode: number; type: number }) {
  block.writeUInt32LE(entry.inode, at);
  block.writeUInt16LE(length, at + 4);
  block.writeUInt8(entry.name.length, at + 6);
  block.writeUInt8(entryTypes[entry.type] as number, at + 7);
  entry.name.copy(block, at + headerSize);
}

function sealBlock(blocks: Blocks, directory: Pick<Inode, 'number' | 'bytes'>, block: Buffer): void {
  const { seed } = blocks.superblock;
  if (seed === undefined) return;
  const tail = block.subarray(block.length - tailSize);
  tail.fill(0);
  tail.writeUInt16LE(tailSize, 4);
  tail.writeUInt8(tailType, 7);
  const start = inodeSeed(seed, directory.number, directory.bytes);
  tail.writeUInt32LE(crc32c(start, block.subarray(0, block.length - tailSize)), 8);
}

/** Writes the only block of a new directory. */
export function writeNewDirectory(
  blocks: Blocks,
  number: number,
  own: Pick<Inode, 'number' | 'bytes'>,
  parent: number,
): void {
  const block = blocks.replace(number);
  const usable = usableOf(blocks, block).length;
  const type = fileType.directory;
  writeEntry(block, 0, 12, { name: Buffer.from('.'), inode: own.number, type });
  writeEntry(block, 12, usable - 12, { name: Buffer.from('..'), inode: parent, type });
  sealBlock(blocks, own, block);
}
