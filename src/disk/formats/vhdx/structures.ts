// [MS-VHDX], section 2: what stands before the disk's contents.
import { crc32c } from '../../../lib/crc32c.ts';
import type { ImageIdentity } from '../format.ts';

/** Regions begin and end at these borders. */
export const regionUnit = 1 << 20;
/** The least that the format allows, and what suits filesystems of Linux. */
export const blockBytes = 1 << 20;
export const batEntryBytes = 8;

const sectorBytes = 512;
const physicalSectorBytes = 4096;
/** Payload blocks that one bitmap of sectors stands for, and after which the table has an entry for it. */
const chunkRatio = (2 ** 23 * sectorBytes) / blockBytes;

const at = {
  headers: [0x10000, 0x20000],
  regionTables: [0x30000, 0x40000],
  log: regionUnit,
  metadata: 2 * regionUnit,
  bat: 3 * regionUnit,
} as const;
const headerBytes = 4096;
const regionTableBytes = 65536;
/** Of the metadata's items, from the region's beginning. */
const itemsAt = 0x10000;
const isFullyPresent = 6n;
const isRequired = 1;
const flagsOfItem = { required: 4, ofDisk: 2 };

const regions = { bat: '2dc27766-f623-4200-9d64-115e9bfd4a08', metadata: '8b7ca206-4790-4b9a-b8fe-575f050f886e' };
const items = {
  fileParameters: 'caa16737-fa36-4d43-b3b6-33f0aa44e76b',
  diskSize: '2fa54224-cd1b-4876-b211-5dbed83bf4b8',
  page83: 'beca12ab-b2e6-4523-93ef-c309e000c746',
  logicalSector: '8141bf1d-a96f-4709-ba47-f233a8faab5f',
  physicalSector: 'cda348c7-445d-4471-9cc9-e9885251c556',
};

/** How many entries the block allocation table of a disk has. */
export function batEntries(diskSize: number): number {
  const blocks = Math.ceil(diskSize / blockBytes);
  return blocks + Math.floor(Math.max(0, blocks - 1) / chunkRatio);
}

/** Which entry is a block's: those of bitmaps are between. */
export function payloadIndex(block: number): number {
  return block + Math.floor(block / chunkRatio);
}

/** The entry of a block that is in the file. @param number where, in MiB */
export function presentBlock(number: number): bigint {
  return (BigInt(number) << 20n) | isFullyPresent;
}

/** Everything before the block allocation table, which follows at once. The log is empty. */
export function frontMatter(diskSize: number, identity: ImageIdentity, batBytes: number): Buffer {
  const bytes = Buffer.alloc(at.bat);
  bytes.write('vhdxfile', 0, 'latin1');
  bytes.write('cosa', 8, 'utf16le');
  // Both are as they are after a clean end; the second one is in force.
  for (const [index, offset] of at.headers.entries()) {
    header(identity, index + 1).copy(bytes, offset);
  }
  for (const offset of at.regionTables) regionTable(batBytes).copy(bytes, offset);
  metadata(diskSize, identity).copy(bytes, at.metadata);
  return bytes;
}

function header(identity: ImageIdentity, sequenceNumber: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write('head', 0, 'latin1');
  bytes.writeBigUInt64LE(BigInt(sequenceNumber), 8);
  guid(identity.uuid('vhdx file')).copy(bytes, 16);
  guid(identity.uuid('vhdx data')).copy(bytes, 32);
  // No identifier of a log: there is nothing in it. Its version is 0, that of the format 1.
  bytes.writeUInt16LE(1, 66);
  bytes.writeUInt32LE(regionUnit, 68);
  bytes.writeBigUInt64LE(BigInt(at.log), 72);
  return withChecksum(bytes);
}

function regionTable(batBytes: number): Buffer {
  const bytes = Buffer.alloc(regionTableBytes);
  bytes.write('regi', 0, 'latin1');
  const entries = [
    { id: regions.bat, offset: at.bat, length: batBytes },
    { id: regions.metadata, offset: at.metadata, length: regionUnit },
  ];
  bytes.writeUInt32LE(entries.length, 8);
  for (const [index, { id, offset, length }] of entries.entries()) {
    const position = 16 + 32 * index;
    guid(id).copy(bytes, position);
    bytes.writeBigUInt64LE(BigInt(offset), position + 16);
    bytes.writeUInt32LE(length, position + 24);
    bytes.writeUInt32LE(isRequired, position + 28);
  }
  return withChecksum(bytes);
}

function metadata(diskSize: number, identity: ImageIdentity): Buffer {
  const bytes = Buffer.alloc(regionUnit);
  bytes.write('metadata', 0, 'latin1');
  const { required, ofDisk } = flagsOfItem;
  const entries = [
    { id: items.fileParameters, value: numbers(blockBytes, 0), flags: required },
    {
      id: items.diskSize,
      value: numbers(diskSize % 2 ** 32, Math.floor(diskSize / 2 ** 32)),
      flags: required | ofDisk,
    },
    { id: items.page83, value: guid(identity.uuid('vhdx disk')), flags: required | ofDisk },
    { id: items.logicalSector, value: numbers(sectorBytes), flags: required | ofDisk },
    { id: items.physicalSector, value: numbers(physicalSectorBytes), flags: required | ofDisk },
  ];
  bytes.writeUInt16LE(entries.length, 10);
  let offset = itemsAt;
  for (const [index, { id, value, flags }] of entries.entries()) {
    const position = 32 + 32 * index;
    guid(id).copy(bytes, position);
    bytes.writeUInt32LE(offset, position + 16);
    bytes.writeUInt32LE(value.length, position + 20);
    bytes.writeUInt32LE(flags, position + 24);
    value.copy(bytes, offset);
    offset += value.length;
  }
  return bytes;
}

/** Over all of it, with the checksum's own field zero. */
function withChecksum(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(~crc32c(0xffffffff, bytes) >>> 0, 4);
  return bytes;
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}

/** A UUID as Microsoft lays it out: the first three parts are numbers in the machine's order. */
function guid(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
