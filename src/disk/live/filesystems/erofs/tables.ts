import type { Directory, FileNode } from '../directories.ts';
import { blockBytes, type StoredFile } from './cluster-index.ts';
import { directoryBlocks } from './directory-blocks.ts';
import { directoryInode, fileInode, fileInodeBytes, inodeBytes, slotBytes } from './inodes.ts';

type Node = Directory<StoredFile> | FileNode<StoredFile>;

/** All that follows the contents. */
interface ErofsTables {
  /** To be written one behind the other. */
  pieces: Buffer[];
  root: number;
  inodes: number;
  inodeBlock: number;
  /** The block behind the last one. */
  end: number;
}

/**
 * Makes the contents of directories, and behind them the inodes with their indexes.
 * @param block where they will lie, and seconds since the epoch
 */
export function erofsTables(
  tree: Directory<StoredFile>,
  { timestamp, block }: { timestamp: number; block: number },
): ErofsTables {
  const { numbers, parents, bytes: inodeTableBytes } = inodeNumbers(tree);
  const pieces: Buffer[] = [];
  const inodes: Buffer[] = [Buffer.alloc(inodeBytes)];
  let next = block;

  for (const [node, number] of numbers) {
    const about = { number, timestamp };
    if (node.kind === 'file') {
      const parts = fileInode(about, node.file);
      inodes.push(...parts, zerosTo(inodeBytes, fileInodeBytes(node.file)));
      continue;
    }
    const content = directoryBlocks([
      { name: '.', inode: number, kind: 'directory' },
      { name: '..', inode: numbers.get(parents.get(node) ?? node) as number, kind: 'directory' },
      ...node.entries.map((entry) => {
        return { name: entry.name, inode: numbers.get(entry.node) as number, kind: entry.node.kind };
      }),
    ]);
    const subdirectories = node.entries.filter((entry) => entry.node.kind === 'directory').length;
    inodes.push(directoryInode(about, { first: next, size: content.length, subdirectories }));
    pieces.push(content, zerosTo(blockBytes, content.length));
    next += Math.ceil(content.length / blockBytes);
  }
  return {
    pieces: [...pieces, ...inodes, zerosTo(blockBytes, inodeTableBytes)],
    root: numbers.get(tree) as number,
    inodes: numbers.size,
    inodeBlock: next,
    end: next + Math.ceil(inodeTableBytes / blockBytes),
  };
}

function zerosTo(multiple: number, length: number): Buffer {
  return Buffer.alloc((multiple - (length % multiple)) % multiple);
}

/** Numbers say where inodes lie. The first one stays free, for 0 is no number to programs; directories come first. */
function inodeNumbers(tree: Directory<StoredFile>) {
  const parents = new Map<Node, Directory<StoredFile>>();
  const nodes: Node[] = [tree];
  for (const node of nodes) {
    if (node.kind === 'file') continue;
    for (const entry of node.entries) {
      parents.set(entry.node, node);
      nodes.push(entry.node);
    }
  }
  const numbers = new Map<Node, number>();
  let bytes = inodeBytes;
  for (const node of [
    ...nodes.filter(({ kind }) => kind === 'directory'),
    ...nodes.filter(({ kind }) => kind === 'file'),
  ]) {
    numbers.set(node, bytes / slotBytes);
    const length = node.kind === 'file' ? fileInodeBytes(node.file) : inodeBytes;
    bytes += Math.ceil(length / inodeBytes) * inodeBytes;
  }
  return { numbers, parents, bytes };
}
