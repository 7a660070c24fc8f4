import type { Xattr } from '../xattr.ts';

export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'character-device' | 'block-device' | 'directory' | 'fifo';

/** What a tar entry says about a file: names and numbers as they stand in the stream, nothing resolved or cleaned. */
export interface TarHeader {
  type: TarEntryType;
  /** The name as written: it may be absolute, contain `..`, or end with a slash. */
  path: string;
  /** Target of a symbolic link, or the path that a hard link stands for; empty for other types. */
  linkTarget: string;
  /** Permission bits with set-uid, set-gid and sticky (07777), without type bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of content that follow; 0 for everything but files. */
  size: number;
  /** Seconds since the epoch, fractions cut off. */
  mtime: number;
  /** From `SCHILY.xattr.*` records, in their order. */
  xattrs: readonly Xattr[];
}

/** Everything in a tar stream comes in blocks of this many bytes. */
export const blockSize = 512;

/** Type flag of a header block: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
export const typeFlags: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
};

/** Flags of entries that only describe the entry behind them. */
export const extensionFlags = { pax: 'x', globalPax: 'g', gnuLongName: 'L', gnuLongLink: 'K' } as const;

/** How many zero bytes follow content of this size up to the next block. */
export function paddingSize(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}
