import type { Xattr } from '../../../lib/xattr.ts';
import { blockSize } from './geometry.ts';
import { xattrArea } from './inode.ts';
import { storedAcl } from './posix-acl.ts';

// https://docs.kernel.org/filesystems/ext4/attributes.html

const magic = 0xea020000;
const magicSize = 4;
const blockHeaderSize = 32;
const entryHeaderSize = 16;
/** Four zero bytes end the entries. */
const terminatorSize = 4;
const maximumName = 255;

/** Prefixes of names have numbers; what follows them is stored. */
const namespaces: readonly [prefix: string, index: number][] = [
  ['user.', 1],
  ['trusted.', 4],
  ['security.', 6],
];
const acls = new Map([
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
]);

/** An attribute in the form that is stored. */
interface Entry {
  index: number;
  name: Buffer;
  value: Buffer;
}

/** Says what is wrong with an attribute; the caller knows of which file. */
export type XattrProblem = (problem: string) => Error;

/**
 * Puts extended attributes into an inode, as many as fit there.
 * @param inode its bytes
 * @returns the block for the others, but for its reference count and checksum; undefined if none is needed
 * @throws what `problem` makes of an attribute that ext4 cannot store, or of more than one block of them
 */
export function writeXattrs(inode: Buffer, xattrs: readonly Xattr[], problem: XattrProblem): Buffer | undefined {
  const entries = xattrs.map((xattr) => storedEntry(xattr, problem)).sort(compareEntries);
  for (const [index, entry] of entries.entries()) {
    const previous = entries[index - 1];
    if (previous !== undefined && compareEntries(previous, entry) === 0) {
      throw problem('has an extended attribute twice');
    }
  }
  const inInode: Entry[] = [];
  const inBlock: Entry[] = [];
  let room = xattrArea.end - xattrArea.begin - magicSize - terminatorSize;
  for (const entry of entries) {
    if (sizeOf(entry) > room) {
      inBlock.push(entry);
    } else {
      inInode.push(entry);
      room -= sizeOf(entry);
    }
  }
  if (inInode.length > 0) {
    inode.writeUInt32LE(magic, xattrArea.begin);
    // Offsets of values count from the first entry. The kernel never looks at hashes here.
    const area = inode.subarray(xattrArea.begin + magicSize, xattrArea.end);
    writeEntries(area, 0, inInode, () => 0);
  }
  return inBlock.length > 0 ? xattrBlock(inBlock, problem) : undefined;
}

function storedEntry({ name, value }: Xattr, problem: XattrProblem): Entry {
  const acl = acls.get(name);
  if (acl !== undefined) {
    const stored = storedAcl(value);
    if (stored === undefined) throw problem(`has a ${name} that is no access control list`);
    return { index: acl, name: Buffer.alloc(0), value: stored };
  }
  const [prefix = '', index] = namespaces.find(([prefix]) => name.startsWith(prefix)) ?? [];
  const rest = Buffer.from(name.slice(prefix.length));
  if (index === undefined || rest.length === 0 || rest.length > maximumName || rest.includes(0)) {
    throw problem(`has the extended attribute ${JSON.stringify(name)}, which ext4 does not store`);
  }
  return { index, name: rest, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}

/** The order in which the kernel searches a block. */
function compareEntries(a: Entry, b: Entry): number {
  return a.index - b.index || a.name.length - b.name.length || Buffer.compare(a.name, b.name);
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function sizeOf({ name, value }: Entry): number {
  return entryHeaderSize + padded(name.length) + padded(value.length);
}

function xattrBlock(entries: readonly Entry[], problem: XattrProblem): Buffer {
  const size = entries.reduce((sum, entry) => sum + sizeOf(entry), blockHeaderSize + terminatorSize);
  if (size > blockSize) throw problem(`has ${size} bytes of extended attributes beside its inode; ${blockSize} fit`);
  const block = Buffer.alloc(blockSize);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(1, 8); // blocks
  let hash = 0;
  writeEntries(block, blockHeaderSize, entries, (entry) => {
    const own = entryHash(entry);
    hash = ((hash << 16) ^ (hash >>> 16) ^ own) >>> 0;
    return own;
  });
  block.writeUInt32LE(hash, 12);
  return block;
}

/** Entries go forward from `begin`, values back from the end. */
function writeEntries(area: Buffer, begin: number, entries: readonly Entry[], hashOf: (entry: Entry) => number): void {
  let at = begin;
  let valueAt = area.length;
  for (const entry of entries) {
    const { index, name, value } = entry;
    valueAt -= padded(value.length);
    area.writeUInt8(name.length, at);
    area.writeUInt8(index, at + 1);
    area.writeUInt16LE(value.length === 0 ? 0 : valueAt, at + 2);
    area.writeUInt32LE(value.length, at + 8);
    area.writeUInt32LE(hashOf(entry), at + 12);
    area.set(name, at + entryHeaderSize);
    area.set(value, valueAt);
    at += entryHeaderSize + padded(name.length);
  }
}

function entryHash({ name, value }: Entry): number {
  let hash = 0;
  for (const byte of name) hash = (hash << 5) ^ (hash >>> 27) ^ byte;
  const words = Buffer.alloc(padded(value.length));
  words.set(value);
  for (let at = 0; at < words.length; at += 4) hash = (hash << 16) ^ (hash >>> 16) ^ words.readUInt32LE(at);
  return hash >>> 0;
}
