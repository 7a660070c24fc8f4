import { crc32 } from 'node:zlib';

// The GUID partition table: UEFI specification 2.10, chapter 5.

export type SectorSize = 512 | 4096;

export interface Partition {
  /** At most 36 UTF-16 units. */
  name: string;
  /** GUID of the partition's type. */
  type: string;
  /** GUID of this very partition. */
  guid: string;
  firstSector: number;
  sectorCount: number;
}

/** A disk and its partitions, in the order of their numbers. */
export interface PartitionedDisk {
  guid: string;
  sectorSize: SectorSize;
  sectorCount: number;
  partitions: readonly Partition[];
}

/** Bytes that belong at the beginning and at the end of a disk. */
export interface EncodedTable {
  /** Protective MBR, header and entries: from the first byte of the disk on. */
  primary: Buffer;
  /** Entries and header: the last bytes of the disk. */
  backup: Buffer;
  /** Where `backup` begins, in bytes. */
  backupOffset: number;
}

const entryCount = 128;
const entrySize = 128;
const headerSize = 92;
const revision = 0x00010000;
/** UEFI specification 5.2.3: the MBR partition that covers the disk for programs which know no GPT. */
const protectiveType = 0xee;

/** Sectors that one copy of the entries takes. */
function entrySectors(sectorSize: SectorSize): number {
  return Math.ceil((entryCount * entrySize) / sectorSize);
}

/** First and last sector that partitions may use. */
export function usableSectors(disk: Pick<PartitionedDisk, 'sectorSize' | 'sectorCount'>): {
  first: number;
  last: number;
} {
  const entries = entrySectors(disk.sectorSize);
  return { first: 2 + entries, last: disk.sectorCount - 2 - entries };
}

/**
 * Encodes both copies of a disk's partition table. The boot code of the first sector stays zero.
 * @throws RangeError for partitions that overlap, leave the usable sectors or have no room in the table: a
 *   caller's mistake, never that of an input
 */
export function encodeGpt(disk: PartitionedDisk): EncodedTable {
  checkPartitions(disk);
  const { sectorSize, sectorCount } = disk;
  const entries = encodeEntries(disk);
  const sectors = entrySectors(sectorSize);
  const lastSector = sectorCount - 1;

  const primary = Buffer.alloc((2 + sectors) * sectorSize);
  protectiveMbr(sectorCount).copy(primary, 0);
  header(disk, entries, { own: 1, other: lastSector, entriesAt: 2 }).copy(primary, sectorSize);
  entries.copy(primary, 2 * sectorSize);

  const backup = Buffer.alloc((sectors + 1) * sectorSize);
  entries.copy(backup, 0);
  header(disk, entries, { own: lastSector, other: 1, entriesAt: lastSector - sectors }).copy(
    backup,
    sectors * sectorSize,
  );
  return { primary, backup, backupOffset: (lastSector - sectors) * sectorSize };
}

/** A GUID's 16 bytes as GPT stores them: the first three groups little-endian (UEFI specification, appendix A). */
export function guidBytes(guid: string): Buffer {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid)) throw new RangeError(`${guid} is not a GUID`);
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

function checkPartitions(disk: PartitionedDisk): void {
  if (disk.partitions.length > entryCount) throw new RangeError(`more than ${entryCount} partitions`);
  const { first, last } = usableSectors(disk);
  const sorted = [...disk.partitions].sort((a, b) => a.firstSector - b.firstSector);
  let free = first;
  for (const { name, firstSector, sectorCount } of sorted) {
    if (sectorCount < 1) throw new RangeError(`partition ${name} is empty`);
    if (firstSector < free) throw new RangeError(`partition ${name} overlaps what lies before it`);
    free = firstSector + sectorCount;
    if (free - 1 > last) throw new RangeError(`partition ${name} does not fit on the disk`);
  }
}

function encodeEntries(disk: PartitionedDisk): Buffer {
  const entries = Buffer.alloc(entryCount * entrySize);
  for (const [index, partition] of disk.partitions.entries()) {
    if (partition.name.length > 36) throw new RangeError(`partition name ${partition.name} is too long`);
    const at = index * entrySize;
    guidBytes(partition.type).copy(entries, at);
    guidBytes(partition.guid).copy(entries, at + 16);
    entries.writeBigUInt64LE(BigInt(partition.firstSector), at + 32);
    entries.writeBigUInt64LE(BigInt(partition.firstSector + partition.sectorCount - 1), at + 40);
    entries.write(partition.name, at + 56, 'utf16le');
  }
  return entries;
}

function header(
  disk: PartitionedDisk,
  entries: Buffer,
  place: { own: number; other: number; entriesAt: number },
): Buffer {
  const { first, last } = usableSectors(disk);
  const bytes = Buffer.alloc(headerSize);
  bytes.write('EFI PART', 0, 'latin1');
  bytes.writeUInt32LE(revision, 8);
  bytes.writeUInt32LE(headerSize, 12);
  bytes.writeBigUInt64LE(BigInt(place.own), 24);
  bytes.writeBigUInt64LE(BigInt(place.other), 32);
  bytes.writeBigUInt64LE(BigInt(first), 40);
  bytes.writeBigUInt64LE(BigInt(last), 48);
  guidBytes(disk.guid).copy(bytes, 56);
  bytes.writeBigUInt64LE(BigInt(place.entriesAt), 72);
  bytes.writeUInt32LE(entryCount, 80);
  bytes.writeUInt32LE(entrySize, 84);
  bytes.writeUInt32LE(crc32(entries), 88);
  // The header's own checksum is computed while its field is zero.
  bytes.writeUInt32LE(crc32(bytes), 16);
  return bytes;
}

function protectiveMbr(sectorCount: number): Buffer {
  const sector = Buffer.alloc(512);
  const at = 446;
  // Cylinder, head and sector of LBA 1, and the largest that the fields can say.
  sector.set([0x00, 0x00, 0x02, 0x00, protectiveType, 0xff, 0xff, 0xff], at);
  sector.writeUInt32LE(1, at + 8);
  sector.writeUInt32LE(Math.min(sectorCount - 1, 0xffffffff), at + 12);
  sector.set([0x55, 0xaa], 510);
  return sector;
}
