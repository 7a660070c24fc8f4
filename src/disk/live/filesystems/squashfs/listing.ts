import type { MetadataPlace } from './metadata.ts';

// `struct squashfs_dir_header` and `squashfs_dir_entry` of the kernel's fs/squashfs/squashfs_fs.h.

/** What a directory says of something in it. */
export interface ListingEntry {
  name: string;
  type: number;
  inode: { number: number; place: MetadataPlace };
}

const headerBytes = 12;
const entryBytes = 8;
/** Entries behind one header. */
const maximumEntries = 256;

/**
 * A directory's listing. Entries share a header where their inodes lie in one block.
 * @param entries sorted by the bytes of their names
 */
export function listing(entries: readonly ListingEntry[]): Buffer {
  const pieces: Buffer[] = [];
  for (let first = 0; first < entries.length; ) {
    const { inode } = entries[first] as ListingEntry;
    const others = entries.slice(first, first + maximumEntries);
    const another = others.findIndex((entry) => entry.inode.place.block !== inode.place.block);
    const together = another === -1 ? others : others.slice(0, another);
    pieces.push(header(together.length, inode), ...together.map((one) => listed(one, inode.number)));
    first += together.length;
  }
  return Buffer.concat(pieces);
}

function header(count: number, { number, place }: ListingEntry['inode']): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt32LE(count - 1, 0);
  bytes.writeUInt32LE(place.block, 4);
  bytes.writeUInt32LE(number, 8);
  return bytes;
}

/** @param base what the header says of inodes' numbers */
function listed({ name, type, inode }: ListingEntry, base: number): Buffer {
  const nameBytes = Buffer.from(name);
  const bytes = Buffer.alloc(entryBytes);
  bytes.writeUInt16LE(inode.place.offset, 0);
  bytes.writeInt16LE(inode.number - base, 2);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(nameBytes.length - 1, 6);
  return Buffer.concat([bytes, nameBytes]);
}
