import { recordDate } from './dates.ts';
import type { Naming } from './names.ts';
import { bothOrders16, bothOrders32, sectorBytes } from './numbers.ts';
import { continuationAt, type RockRidgeNode, rockRidge } from './rock-ridge.ts';
import type { IsoDirectoryNode, IsoFileNode } from './tree.ts';

/** A stretch of an ISO. */
export interface IsoPlace {
  sector: number;
  /** Bytes. */
  size: number;
}

/** Where everything lies that directories point to. */
export interface IsoPlaces {
  directory(node: IsoDirectoryNode): IsoPlace;
  file(node: IsoFileNode): IsoPlace;
}

/** How the directories of one of an ISO's trees are written. */
export interface DirectoryWriting {
  naming: Naming;
  /** True for names and modes of POSIX beside the tree's own. */
  hasRockRidge: boolean;
  /** Seconds since the epoch. */
  timestamp: number;
}

const directoryFlag = 2;
/** The length of a record has one byte, and is even. */
const longestRecord = 254;
const fixedBytes = 33;

/**
 * A directory's records (ECMA-119, 9.1), and behind them what of Rock Ridge has no room in them; both in whole sectors. What
 * they point to has no part in how long they are.
 */
export function encodeDirectory(
  directory: IsoDirectoryNode,
  places: IsoPlaces,
  writing: DirectoryWriting,
): { records: Buffer; continued: Buffer } {
  const own = places.directory(directory);
  const continuation = continuationAt(own.sector + own.size / sectorBytes);
  const identifiers = writing.naming(directory);
  const recordOf = (identifier: Buffer, place: IsoPlace, node: RockRidgeNode) => {
    const room = longestRecord - paddedFixed(identifier);
    const systemUse = writing.hasRockRidge ? rockRidge(node, writing.timestamp, room, continuation) : Buffer.alloc(0);
    return directoryRecord(identifier, place, node.isDirectory, writing.timestamp, systemUse);
  };
  const isRoot = directory.parent === directory;
  const { parent } = directory;
  const itself = { name: undefined, isDirectory: true, isRootItself: isRoot, links: linksOf(directory) };
  const above = { name: undefined, isDirectory: true, isRootItself: false, links: linksOf(parent) };
  const children = [
    ...directory.directories.map((node) => ({
      identifier: identifiers.get(node) as Buffer,
      place: places.directory(node),
      node: { name: node.name, isDirectory: true, isRootItself: false, links: linksOf(node) },
    })),
    ...directory.files.map((node) => ({
      identifier: identifiers.get(node) as Buffer,
      place: places.file(node),
      node: { name: node.name, isDirectory: false, isRootItself: false, links: 1 },
    })),
  ].sort((a, b) => Buffer.compare(a.identifier, b.identifier));
  const records = [
    recordOf(Buffer.from([0]), own, itself),
    recordOf(Buffer.from([1]), places.directory(parent), above),
    ...children.map(({ identifier, place, node }) => recordOf(identifier, place, node)),
  ];
  return { records: inSectors(records), continued: continuation.bytes() };
}

/** A record, as also the volume descriptor has one of the root. */
export function directoryRecord(
  identifier: Buffer,
  { sector, size }: IsoPlace,
  isDirectory: boolean,
  timestamp: number,
  systemUse: Buffer = Buffer.alloc(0),
): Buffer {
  const length = paddedFixed(identifier) + systemUse.length;
  const record = Buffer.alloc(length + (length % 2));
  record.writeUInt8(record.length, 0);
  bothOrders32(sector).copy(record, 2);
  bothOrders32(size).copy(record, 10);
  recordDate(timestamp).copy(record, 18);
  record.writeUInt8(isDirectory ? directoryFlag : 0, 25);
  bothOrders16(1).copy(record, 28);
  record.writeUInt8(identifier.length, 32);
  identifier.copy(record, fixedBytes);
  systemUse.copy(record, paddedFixed(identifier));
  return record;
}

/** Bytes before the system use field, which begins at an even one. */
function paddedFixed(identifier: Buffer): number {
  return fixedBytes + identifier.length + ((identifier.length + 1) % 2);
}

function linksOf({ directories }: IsoDirectoryNode): number {
  return 2 + directories.length;
}

/** No record is cut by a sector's end. */
function inSectors(records: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  const fill = (bytes: number) => {
    parts.push(Buffer.alloc(bytes));
    length += bytes;
  };
  for (const record of records) {
    const rest = sectorBytes - (length % sectorBytes);
    if (record.length > rest) fill(rest);
    parts.push(record);
    length += record.length;
  }
  fill((sectorBytes - (length % sectorBytes)) % sectorBytes);
  return Buffer.concat(parts);
}
