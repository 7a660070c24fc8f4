import { crc32c } from '../../../lib/crc32c.ts';
import type { ByteString } from '../tree.ts';
import { type DirectoryEntry, entriesBlock, entrySize, groupEntries, writeEntry } from './directory.ts';
import { blockSize } from './geometry.ts';
import type { NameHash } from './name-hash.ts';

// https://docs.kernel.org/filesystems/ext4/directory.html#hash-tree-directories

const hashVersion = 1;
const infoLength = 8;
const pairSize = 8;
const checksumSize = 8;
/** Where the pairs of hash and block begin: in the root behind "." and "..", in a node behind an entry that is not in use. */
const [rootBegin, nodeBegin] = [32, 8];

const pairsOf = (begin: number) => (blockSize - begin - checksumSize) / pairSize;

/** Leaves that two levels of blocks can name: the kernel's bound. */
const maximumLeaves = pairsOf(rootBegin) * pairsOf(nodeBegin);

interface HashedEntry extends DirectoryEntry, NameHash {}

/** A block of the directory, and the lowest hash in it. */
interface Child {
  hash: number;
  block: number;
}

/**
 * A directory in which the kernel finds a name by its hash: the root of the tree, then nodes if one block does not name all
 * leaves, then leaves.
 * @param self the entries "." and ".."
 * @returns its blocks; undefined if it has more than {@link maximumLeaves} leaves
 */
export function hashTree(
  self: readonly [DirectoryEntry, DirectoryEntry],
  entries: readonly DirectoryEntry[],
  hashOf: (name: ByteString) => NameHash,
  inodeSeed: number,
): Buffer[] | undefined {
  const hashed = entries.map(({ name, inode, type }): HashedEntry => {
    const { major, minor } = hashOf(name);
    return { name, inode, type, major, minor };
  });
  hashed.sort((a, b) => a.major - b.major || a.minor - b.minor);
  const leaves = groupEntries(hashed);
  if (leaves.length > maximumLeaves) return undefined;

  const inRoot = pairsOf(rootBegin);
  const inNode = pairsOf(nodeBegin);
  const nodeCount = leaves.length > inRoot ? Math.ceil(leaves.length / inNode) : 0;
  const children = leaves.map((leaf, index): Child => {
    const hash = leaf[0]?.major ?? 0;
    // An odd hash says that names of this hash are in the leaf before, too.
    const goesOn = leaves[index - 1]?.at(-1)?.major === hash;
    return { hash: goesOn ? hash + 1 : hash, block: 1 + nodeCount + index };
  });

  const nodes = Array.from({ length: nodeCount }, (_, index) => children.slice(index * inNode, (index + 1) * inNode));
  const top =
    nodeCount === 0 ? children : nodes.map(([first], index) => ({ hash: first?.hash ?? 0, block: 1 + index }));
  return [
    rootBlock(self, top, nodeCount === 0 ? 0 : 1, inodeSeed),
    ...nodes.map((node) => nodeBlock(node, inodeSeed)),
    ...leaves.map((leaf) => entriesBlock(leaf, inodeSeed)),
  ];
}

function rootBlock(
  [self, parent]: readonly [DirectoryEntry, DirectoryEntry],
  children: readonly Child[],
  levels: number,
  inodeSeed: number,
): Buffer {
  const block = Buffer.alloc(blockSize);
  const length = entrySize(self.name.length);
  writeEntry(block, 0, self, length);
  // To who does not know of hash trees the block is full.
  writeEntry(block, length, parent, blockSize - length);
  block.writeUInt8(hashVersion, rootBegin - 4);
  block.writeUInt8(infoLength, rootBegin - 3);
  block.writeUInt8(levels, rootBegin - 2);
  writePairs(block, rootBegin, children, inodeSeed);
  return block;
}

function nodeBlock(children: readonly Child[], inodeSeed: number): Buffer {
  const block = Buffer.alloc(blockSize);
  block.writeUInt16LE(blockSize, 4);
  writePairs(block, nodeBegin, children, inodeSeed);
  return block;
}

/** The first child needs no hash: in its place stands how many there can be and are. */
function writePairs(block: Buffer, begin: number, children: readonly Child[], inodeSeed: number): void {
  const limit = pairsOf(begin);
  for (const [index, child] of children.entries()) {
    const at = begin + index * pairSize;
    if (index === 0) {
      block.writeUInt16LE(limit, at);
      block.writeUInt16LE(children.length, at + 2);
    } else {
      block.writeUInt32LE(child.hash, at);
    }
    block.writeUInt32LE(child.block, at + 4);
  }
  // What is summed: the pairs that are there, and eight zero bytes in place of the checksum and what lies before it.
  const used = block.subarray(0, begin + children.length * pairSize);
  const checksumAt = begin + limit * pairSize;
  const tail = block.subarray(checksumAt, checksumAt + checksumSize);
  block.writeUInt32LE(crc32c(crc32c(inodeSeed, used), tail), checksumAt + 4);
}
