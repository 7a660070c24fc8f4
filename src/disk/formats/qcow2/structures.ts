// What both kinds of qcow2 have: https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst
import type { Extent } from '../../extents.ts';
import { unitBytes } from '../data-extents.ts';

export const clusterBytes = unitBytes;

const magic = 0x514649fb;
const version = 3;
const headerBytes = 104;
const clusterBits = 16;
/** Bits of a reference count, as a power of two. */
const refcountOrder = 4;
const refcountBytes = 2;
const entryBytes = 8;

export const entriesPerCluster = clusterBytes / entryBytes;
export const refcountsPerBlock = clusterBytes / refcountBytes;
/** How much of the disk one L2 table describes: 512 MiB. */
const bytesPerL2Table = entriesPerCluster * clusterBytes;

/** The upper half of an entry whose cluster is used once: it may be written in place. */
const copied = 0x80000000;

/** Tables that follow each other in the file. */
export interface Tables {
  /** The first one's cluster. */
  at: number;
  /** How many there are, of one cluster each. */
  count: number;
}

/** How many entries the L1 table has. */
export function l1Entries(diskSize: number): number {
  return Math.max(1, Math.ceil(diskSize / bytesPerL2Table));
}

/** The 512 MiB stretches of a disk that extents touch, by number, ascending: each has an L2 table. */
export function stretchesOf(extents: readonly Extent[]): number[] {
  const touched = new Set<number>();
  for (const { offset, length } of extents) {
    const last = Math.floor((offset + length - 1) / bytesPerL2Table);
    for (let stretch = Math.floor(offset / bytesPerL2Table); stretch <= last; stretch++) touched.add(stretch);
  }
  return [...touched];
}

/** How many blocks of reference counts, and clusters of their table, a file needs that has so many other clusters. */
export function refcountClusters(others: number): { blocks: number; table: number } {
  let blocks = 0;
  let table = 0;
  // They count themselves.
  for (let clusters = -1; clusters !== others + blocks + table; ) {
    clusters = others + blocks + table;
    blocks = Math.ceil(clusters / refcountsPerBlock);
    table = Math.ceil(blocks / entriesPerCluster);
  }
  return { blocks, table };
}

/** The file's first cluster. */
export function header(diskSize: number, refcountTable: Tables, l1: Tables): Buffer {
  const bytes = Buffer.alloc(clusterBytes);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt32BE(version, 4);
  bytes.writeUInt32BE(clusterBits, 20);
  bytes.writeBigUInt64BE(BigInt(diskSize), 24);
  bytes.writeUInt32BE(l1Entries(diskSize), 36);
  bytes.writeBigUInt64BE(BigInt(l1.at * clusterBytes), 40);
  bytes.writeBigUInt64BE(BigInt(refcountTable.at * clusterBytes), 48);
  bytes.writeUInt32BE(refcountTable.count, 56);
  bytes.writeUInt32BE(refcountOrder, 96);
  bytes.writeUInt32BE(headerBytes, 100);
  return bytes;
}

/** The table that tells where the blocks of reference counts are. */
export function refcountTableOf(blocks: Tables): Buffer {
  const bytes = Buffer.alloc(Math.ceil(blocks.count / entriesPerCluster) * clusterBytes);
  for (let index = 0; index < blocks.count; index++) writeOffset(bytes, index, blocks.at + index, 0);
  return bytes;
}

/** The table that tells where the L2 tables are, in the order of their stretches. */
export function l1TableOf(diskSize: number, stretches: readonly number[], firstL2: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(l1Entries(diskSize) / entriesPerCluster) * clusterBytes);
  for (const [index, stretch] of stretches.entries()) writeOffset(bytes, stretch, firstL2 + index, copied);
  return bytes;
}

/** An empty L2 table. */
export function emptyL2Table(): Buffer {
  return Buffer.alloc(clusterBytes);
}

/** Sets what an L2 table says of a cluster that is stored as it is. */
export function writeL2Entry(l2Table: Buffer, index: number, cluster: number): void {
  writeOffset(l2Table, index, cluster, copied);
}

/** In the upper half of an entry: the cluster is compressed. */
const compressed = 0x40000000;
const sectorBytes = 512;
/** Where in the upper half the number of sectors begins, for clusters of this size. */
const sectorsShift = 54 - 32;

/**
 * Sets what an L2 table says of a compressed cluster.
 * @param offset of its first byte in the file
 * @param length of the compressed form, in bytes
 */
export function writeCompressedL2Entry(l2Table: Buffer, index: number, offset: number, length: number): void {
  // Besides the one in which it begins.
  const sectors = Math.floor((offset + length - 1) / sectorBytes) - Math.floor(offset / sectorBytes);
  const upper = compressed | (sectors << sectorsShift) | Math.floor(offset / 2 ** 32);
  l2Table.writeUInt32BE(upper >>> 0, index * entryBytes);
  l2Table.writeUInt32BE(offset % 2 ** 32, index * entryBytes + 4);
}

function writeOffset(bytes: Buffer, index: number, cluster: number, flags: number): void {
  const offset = cluster * clusterBytes;
  bytes.writeUInt32BE((flags | Math.floor(offset / 2 ** 32)) >>> 0, index * entryBytes);
  bytes.writeUInt32BE(offset % 2 ** 32, index * entryBytes + 4);
}
