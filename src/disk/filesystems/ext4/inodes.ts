import { notStorable } from '../not-storable.ts';
import type { DirectoryNode, StoredContent, SymlinkNode, TreeNode } from '../tree.ts';
import { type Blocks, takeAll } from './blocks.ts';
import type { Checksums } from './checksums.ts';
import type { Contents, FileRun } from './contents.ts';
import { type DirectoryEntry, entriesBlock, entryTypes, groupEntries } from './directory.ts';
import { type TreeTarget, writeExtentTree } from './extent-tree.ts';
import { blockSize } from './geometry.ts';
import { hashTree } from './hash-tree.ts';
import {
  blockAreaOffset,
  blockAreaSize,
  fileTypeBits,
  inodeFlags,
  maximumLinks,
  writeInodeFields,
  writeXattrBlock,
} from './inode.ts';
import type { InodeTable } from './inode-table.ts';
import type { NameHash } from './name-hash.ts';
import { lostAndFound, type NumberedDirectory, type NumberedNode, pathOf } from './numbering.ts';
import { xattrBlocks } from './xattr-blocks.ts';
import { writeXattrs } from './xattrs.ts';

/** What inodes are made with. */
export interface InodeContext {
  blocks: Blocks;
  contents: Contents;
  /** Of {@link storeBuffers}. */
  fromMemory: ReadonlyMap<TreeNode, StoredContent>;
  table: InodeTable;
  checksums: Checksums;
  hashOf: (name: string) => NameHash;
  /** Seconds since the epoch. */
  timestamp: number;
  write: (block: number, bytes: Buffer) => void;
}

/** lost+found has room from the beginning: fsck may find no free block when it needs one. */
const lostAndFoundBlocks = 4;
const longestTarget = blockSize - 1;

/** What an inode has in blocks, and in the area for them. */
interface Body {
  size: number;
  flags: number;
  blockCount: number;
}

/**
 * Fills the inodes of all nodes, and writes the blocks that they have beside contents: extended attributes,
 * directories, targets of links, trees of extents.
 * @throws CosaError `FILESYSTEM_ENTRY` for what ext4 cannot store
 */
export function writeInodes(nodes: readonly NumberedNode[], context: InodeContext): void {
  const { blocks, table, checksums, write } = context;
  const takeBlock = () => {
    const run = blocks.take(1);
    blocks.use(run);
    return run.first;
  };
  const shared = xattrBlocks(takeBlock, checksums);
  const withBlock = new Set<NumberedNode>();
  for (const numbered of nodes) {
    const { xattrs } = numbered.node;
    if (xattrs.length === 0) continue;
    const inode = table.slot(numbered.inode);
    const content = writeXattrs(inode, xattrs, (problem) => notStorable('ext4', pathOf(numbered), problem));
    if (content === undefined) continue;
    writeXattrBlock(inode, shared.place(content));
    withBlock.add(numbered);
  }
  shared.finish(write);

  for (const numbered of nodes) {
    const { node, links } = numbered;
    const inode = table.slot(numbered.inode);
    const body = bodyOf(numbered, inode, context, { takeBlock, write });
    writeInodeFields(inode, {
      mode: fileTypeBits[node.kind] | (node.mode & 0o7777),
      uid: node.uid,
      gid: node.gid,
      size: body.size,
      // A directory of more has 1, which means that nobody counts (dir_nlink).
      links: links > maximumLinks ? 1 : links,
      flags: body.flags,
      mtime: node.mtime,
      timestamp: context.timestamp,
      blockCount: body.blockCount + (withBlock.has(numbered) ? 1 : 0),
    });
    table.seal(numbered.inode, inode);
  }
}

function bodyOf(numbered: NumberedNode, inode: Buffer, context: InodeContext, target: TreeTarget): Body {
  const { node } = numbered;
  if (node.kind === 'symlink') return symlinkBody(numbered as NumberedNode<SymlinkNode>, inode, context, target);
  if (node.kind === 'directory') return directoryBody(numbered as NumberedDirectory, inode, context, target);
  const { size, runs } = context.contents.claim(context.fromMemory.get(node) ?? node.content);
  for (const run of runs) context.blocks.use(run);
  return extentsBody(numbered, inode, { size, runs }, { context, target });
}

function symlinkBody(
  numbered: NumberedNode<SymlinkNode>,
  inode: Buffer,
  context: InodeContext,
  target: TreeTarget,
): Body {
  const text = Buffer.from(numbered.node.target, 'latin1');
  if (text.length === 0 || text.length > longestTarget || text.includes(0)) {
    const problem = `is a symbolic link whose target is not 1 to ${longestTarget} bytes without zero`;
    throw notStorable('ext4', pathOf(numbered), problem);
  }
  if (text.length < blockAreaSize) {
    inode.set(text, blockAreaOffset);
    return { size: text.length, flags: 0, blockCount: 0 };
  }
  const block = Buffer.alloc(blockSize);
  block.set(text);
  return { ...blocksBody(numbered, inode, [block], { context, target }), size: text.length };
}

function directoryBody(numbered: NumberedDirectory, inode: Buffer, context: InodeContext, target: TreeTarget): Body {
  const seed = context.checksums.ofInode(numbered.inode);
  const type = entryTypes.directory;
  const self: [DirectoryEntry, DirectoryEntry] = [
    { name: '.', inode: numbered.inode, type },
    { name: '..', inode: numbered.parent.inode, type },
  ];
  const entries = numbered.entries.map(({ name, node }) => ({
    name,
    inode: node.inode,
    type: entryTypes[node.node.kind],
  }));
  const linear = groupEntries([...self, ...entries]);
  const flags = numbered.node.isImmutable === true ? inodeFlags.immutable : 0;
  if (linear.length === 1) {
    const blocks = linear.map((group) => entriesBlock(group, seed));
    const isLostAndFound = numbered.name === lostAndFound && numbered.parent.parent === numbered.parent;
    while (isLostAndFound && blocks.length < lostAndFoundBlocks) blocks.push(entriesBlock([], seed));
    const body = blocksBody(numbered, inode, blocks, { context, target });
    return { ...body, flags: body.flags | flags };
  }
  const blocks = hashTree(self, entries, context.hashOf, seed);
  if (blocks === undefined) throw notStorable('ext4', pathOf(numbered), 'is a directory with too many entries');
  const body = blocksBody(numbered, inode, blocks, { context, target });
  return { ...body, flags: body.flags | flags | inodeFlags.index };
}

interface Stores {
  context: InodeContext;
  target: TreeTarget;
}

/** Writes blocks of metadata one after the other. */
function blocksBody(numbered: NumberedNode, inode: Buffer, bytes: readonly Buffer[], stores: Stores): Body {
  const { blocks } = stores.context;
  const runs: FileRun[] = [];
  let block = 0;
  for (const run of takeAll(blocks, bytes.length)) {
    blocks.use(run);
    for (let index = 0; index < run.count; index++) {
      stores.target.write(run.first + index, bytes[block + index] as Buffer);
    }
    runs.push({ block, ...run });
    block += run.count;
  }
  return extentsBody(numbered, inode, { size: bytes.length * blockSize, runs }, stores);
}

function extentsBody(
  numbered: NumberedNode,
  inode: Buffer,
  { size, runs }: { size: number; runs: readonly FileRun[] },
  { context, target }: Stores,
): Body {
  const treeBlocks = writeExtentTree(inode, runs, () => context.checksums.ofInode(numbered.inode), target);
  const blockCount = runs.reduce((sum, run) => sum + run.count, treeBlocks);
  return { size, flags: inodeFlags.extents, blockCount };
}

/** Stores the contents that are in memory, in the order of the inodes. The tree stays as it is: it may be written again. */
export function storeBuffers(nodes: readonly NumberedNode[], contents: Contents): Map<TreeNode, StoredContent> {
  const stored = new Map<TreeNode, StoredContent>();
  for (const { node } of nodes) {
    if (node.kind !== 'file' || !Buffer.isBuffer(node.content)) continue;
    const writer = contents.create(node.content.length, false);
    writer.write(node.content);
    stored.set(node, writer.close());
  }
  return stored;
}

/** The directory of the filesystem itself. */
export function lostAndFoundNode(mtime: number): DirectoryNode {
  return { kind: 'directory', uid: 0, gid: 0, mode: 0o700, mtime, xattrs: [], entries: new Map() };
}
