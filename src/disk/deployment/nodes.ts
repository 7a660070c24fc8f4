import type { CommitDirectory } from '../../ostree/unpack/directories.ts';
import {
  byteString,
  type DirectoryNode,
  type FileNode,
  type StoredContent,
  type SymlinkNode,
} from '../filesystems/tree.ts';

/** A content object as a filesystem has stored it. */
export interface StoredObject {
  /** The object: all of its names are hard links. */
  node: FileNode | SymlinkNode;
  /** Contents for files that are copies; a content belongs to one file. */
  copies: StoredContent[];
}

/** Content objects by their checksums. */
export type StoredObjects = ReadonlyMap<string, StoredObject>;

/** A directory that belongs to root, as ostree makes them. */
export function newDirectory(
  mtime: number,
  entries: Iterable<readonly [string, DirectoryNode | FileNode | SymlinkNode]> = [],
): DirectoryNode {
  return { kind: 'directory', uid: 0, gid: 0, mode: 0o755, mtime, xattrs: [], entries: new Map(entries) };
}

/** A file of root's with a text that we write. */
export function newFile(mtime: number, text: string | Buffer, mode = 0o644): FileNode {
  const content = typeof text === 'string' ? Buffer.from(text) : text;
  return { kind: 'file', uid: 0, gid: 0, mode, mtime, xattrs: [], content };
}

/** A symbolic link of root's. */
export function newSymlink(mtime: number, target: string): SymlinkNode {
  return { kind: 'symlink', uid: 0, gid: 0, mode: 0o777, mtime, xattrs: [], target: byteString(target) };
}

/** A directory of the commit with what it says of itself, and nothing in it. */
export function emptyCopy({ uid, gid, mode, xattrs }: CommitDirectory, mtime: number): DirectoryNode {
  return { kind: 'directory', uid, gid, mode, mtime, xattrs, entries: new Map() };
}

/** The object of a checksum. Every one that the commit needs has come. */
export function objectOf(objects: StoredObjects, checksum: string): StoredObject {
  const object = objects.get(checksum);
  if (object === undefined) throw new RangeError(`object ${checksum} was not stored`);
  return object;
}

/** Puts a node into a tree; directories on the way that are not there become root's. */
export function placeNode(top: DirectoryNode, path: string, node: DirectoryNode | FileNode): void {
  let directory = top;
  const names = path.split('/').map(byteString);
  for (const name of names.slice(0, -1)) {
    const known = directory.entries.get(name);
    const below = known?.kind === 'directory' ? known : newDirectory(top.mtime);
    directory.entries.set(name, below);
    directory = below;
  }
  directory.entries.set(names.at(-1) ?? '', node);
}
