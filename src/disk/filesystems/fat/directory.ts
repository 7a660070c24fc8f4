import { entrySize } from './geometry.ts';
import type { FatName } from './names.ts';

/** What a directory says of a file, directory or the volume. */
export interface FatEntry {
  name: FatName;
  attributes: number;
  /** First cluster; 0 for an empty file, and for the root directory as a parent. */
  cluster: number;
  /** Bytes; 0 for directories. */
  size: number;
  /** Seconds since the epoch. */
  modified: number;
  created: number;
}

export const attribute = { volume: 0x08, directory: 0x10, archive: 0x20 } as const;
const longNameAttributes = 0x0f;

/** UTF-16 units in one entry of a long name, and where they lie. */
const unitsPerEntry = 13;
const unitOffsets = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30] as const;

/** More entries no directory can have, for its size has 2 MiB: 65,536. */
export const mostEntries = 65536;

/** FAT has no times before 1980 and after 2107. */
const [earliest, latest] = [Date.UTC(1980, 0, 1) / 1000, Date.UTC(2107, 11, 31, 23, 59, 58) / 1000];

/** Entries of {@link entrySize} bytes that a name takes. */
export function entriesOf(name: FatName): number {
  return 1 + Math.ceil((name.long?.length ?? 0) / unitsPerEntry);
}

/** The bytes of a directory: its entries one after the other. */
export function encodeDirectory(entries: readonly FatEntry[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [...longNameEntries(entry.name), shortEntry(entry)]));
}

function shortEntry({ name, attributes, cluster, size, modified, created }: FatEntry): Buffer {
  const bytes = Buffer.alloc(entrySize);
  bytes.write(name.short, 0, 'latin1');
  bytes.writeUInt8(attributes, 11);
  const madeAt = fatTime(created);
  bytes.writeUInt16LE(madeAt.time, 14);
  bytes.writeUInt16LE(madeAt.date, 16);
  bytes.writeUInt16LE(madeAt.date, 18); // last access
  bytes.writeUInt16LE(cluster >>> 16, 20);
  const modifiedAt = fatTime(modified);
  bytes.writeUInt16LE(modifiedAt.time, 22);
  bytes.writeUInt16LE(modifiedAt.date, 24);
  bytes.writeUInt16LE(cluster & 0xffff, 26);
  bytes.writeUInt32LE(size, 28);
  return bytes;
}

/** The last part of the name comes first. */
function longNameEntries({ short, long }: FatName): Buffer[] {
  if (long === undefined) return [];
  const checksum = shortNameChecksum(short);
  const count = Math.ceil(long.length / unitsPerEntry);
  return Array.from({ length: count }, (_, index) => {
    const part = count - 1 - index;
    const bytes = Buffer.alloc(entrySize);
    bytes.writeUInt8((part + 1) | (index === 0 ? 0x40 : 0), 0);
    bytes.writeUInt8(longNameAttributes, 11);
    bytes.writeUInt8(checksum, 13);
    for (const [at, offset] of unitOffsets.entries()) {
      const position = part * unitsPerEntry + at;
      // A name that does not fill its entries ends with a zero, and then with ones.
      const unit = position < long.length ? long.charCodeAt(position) : position === long.length ? 0 : 0xffff;
      bytes.writeUInt16LE(unit, offset);
    }
    return bytes;
  });
}

function shortNameChecksum(short: string): number {
  let sum = 0;
  for (const byte of Buffer.from(short, 'latin1')) sum = (((sum & 1) << 7) + (sum >>> 1) + byte) & 0xff;
  return sum;
}

/** In UTC, for FAT knows no time zones; whole pairs of seconds. */
function fatTime(seconds: number): { date: number; time: number } {
  const moment = new Date(Math.min(Math.max(seconds, earliest), latest) * 1000);
  return {
    date: ((moment.getUTCFullYear() - 1980) << 9) | ((moment.getUTCMonth() + 1) << 5) | moment.getUTCDate(),
    time: (moment.getUTCHours() << 11) | (moment.getUTCMinutes() << 5) | (moment.getUTCSeconds() >> 1),
  };
}
