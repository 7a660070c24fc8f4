import type { Xattr } from '../lib/xattr.ts';

export type { Xattr } from '../lib/xattr.ts';

/** What an ostree commit says besides its tree. */
export interface CommitOptions {
  subject: string;
  body: string;
  /** Seconds since the epoch. */
  timestamp: number;
  /** Checksum of the commit that this one follows; none unless given. */
  parent?: string | undefined;
  /** Written as `a{sv}` sorted by key, with variants of type `s` and `b`. */
  metadata: Readonly<Record<string, string | boolean>>;
}

/** A metadata object: its bytes, and their sha256 in hex, which is its name. */
export interface MetadataObject {
  kind: 'commit' | 'dirtree' | 'dirmeta';
  checksum: string;
  bytes: Buffer;
}

/** Owner, mode and xattrs: what a file, link or directory has in common. */
export interface FileMetadata {
  uid: number;
  gid: number;
  /** The full st_mode: permission and type bits. */
  mode: number;
  /** In any order. */
  xattrs: readonly Xattr[];
}

/** A content object: a regular file or a symbolic link. */
export interface ContentObject extends FileMetadata {
  /** Hex sha256 over header and content: its name. */
  checksum: string;
  /** Bytes of content; 0 for a symbolic link. */
  size: number;
  /** The target of a symbolic link, empty for a regular file. */
  symlinkTarget: string;
}
