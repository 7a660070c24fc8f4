import type { Xattr } from '../../lib/xattr.ts';

/** A name or a link's target, one character for each byte (`latin1`): filesystems know no encoding. */
export type ByteString = string;

/** What every inode has. */
interface Inode {
  uid: number;
  gid: number;
  /** Permission bits: 12. */
  mode: number;
  /** Seconds since the epoch. The other times of an inode are the filesystem's. */
  mtime: number;
  /** In any order. */
  xattrs: readonly Xattr[];
}

export interface DirectoryNode extends Inode {
  kind: 'directory';
  /** In any order: the filesystem sorts them. */
  entries: Map<ByteString, TreeNode>;
  /** Has the immutable flag, where the filesystem knows one. */
  isImmutable?: boolean;
}

export interface FileNode extends Inode {
  kind: 'file';
  /** Bytes that are in memory, or content that the filesystem has stored. One content belongs to one node. */
  content: Buffer | StoredContent;
}

export interface SymlinkNode extends Inode {
  kind: 'symlink';
  target: ByteString;
}

/**
 * What a name in a directory stands for. The same object under several names is a hard link; a directory has one name.
 */
export type TreeNode = DirectoryNode | FileNode | SymlinkNode;

/** Content that a filesystem has stored; what else it knows of it is its own affair. */
export interface StoredContent {
  /** Bytes. */
  readonly size: number;
}

/** The bytes of a text as a name. */
export function byteString(text: string): ByteString {
  return Buffer.from(text).toString('latin1');
}
