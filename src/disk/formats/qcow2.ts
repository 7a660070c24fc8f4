import type { Extent } from '../extents.ts';
import type { DiskSource } from '../source.ts';
import { dataExtents } from './data-extents.ts';
import type { DiskFormat, FormatRequest, ImageSink } from './format.ts';
import {
  clusterBytes,
  emptyL2Table,
  entriesPerCluster,
  header,
  l1Entries,
  l1TableOf,
  refcountClusters,
  refcountsPerBlock,
  refcountTableOf,
  stretchesOf,
  type Tables,
  writeL2Entry,
} from './qcow2/structures.ts';

/** QEMU's format, version 3 (`compat=1.1`): tables first, then the clusters in the disk's order. */
export const qcow2: DiskFormat = {
  name: 'qcow2',
  extension: 'qcow2',
  isCompressed: false,
  parameters: '',
  async write(request, sink) {
    await (await planQcow2(request)).write(sink);
  },
};

/** An image of which everything is known but the contents of its clusters. */
interface Qcow2Plan {
  /** Bytes of the file. */
  readonly size: number;
  /** @throws as `ImageSink`, and what the disk throws */
  write(sink: ImageSink): Promise<void>;
}

/** Looks for what a disk holds, and lays out the image. @throws as `dataExtents` */
export async function planQcow2({ disk, signal }: Pick<FormatRequest, 'disk' | 'signal'>): Promise<Qcow2Plan> {
  const extents = await dataExtents(disk, signal);
  const layout = layOut(disk.size, extents);
  return { size: layout.clusters * clusterBytes, write: (sink) => write(disk, extents, layout, sink) };
}

/** Where the parts are; each follows the one before. The header has the first cluster. */
interface Layout {
  refcountTable: Tables;
  refcountBlocks: Tables;
  l1: Tables;
  /** The 512 MiB stretches of the disk that have an L2 table. */
  stretches: readonly number[];
  l2: Tables;
  /** The first cluster of the disk's contents. */
  dataAt: number;
  /** Clusters of the file. */
  clusters: number;
}

function layOut(diskSize: number, extents: readonly Extent[]): Layout {
  const l1Count = Math.ceil(l1Entries(diskSize) / entriesPerCluster);
  const stretches = stretchesOf(extents);
  const dataClusters = extents.reduce((sum, { length }) => sum + Math.ceil(length / clusterBytes), 0);
  const { blocks, table } = refcountClusters(1 + l1Count + stretches.length + dataClusters);
  const refcountTable = { at: 1, count: table };
  const refcountBlocks = { at: refcountTable.at + table, count: blocks };
  const l1 = { at: refcountBlocks.at + blocks, count: l1Count };
  const l2 = { at: l1.at + l1Count, count: stretches.length };
  const dataAt = l2.at + l2.count;
  return { refcountTable, refcountBlocks, l1, stretches, l2, dataAt, clusters: dataAt + dataClusters };
}

async function write(disk: DiskSource, extents: readonly Extent[], layout: Layout, sink: ImageSink): Promise<void> {
  await sink.append(header(disk.size, layout.refcountTable, layout.l1));
  await sink.append(refcountTableOf(layout.refcountBlocks));
  await appendRefcounts(layout, sink);
  await sink.append(l1TableOf(disk.size, layout.stretches, layout.l2.at));
  await appendL2Tables(extents, layout, sink);
  for (const { offset, length } of extents) {
    await sink.appendDisk(disk, offset, length);
    // The disk's last cluster may be cut off.
    await sink.append(Buffer.alloc((clusterBytes - (length % clusterBytes)) % clusterBytes));
  }
}

/** Each cluster of the file is used once. */
async function appendRefcounts({ clusters }: Layout, sink: ImageSink): Promise<void> {
  for (let left = clusters; left > 0; left -= refcountsPerBlock) {
    const block = Buffer.alloc(clusterBytes);
    for (let index = 0; index < Math.min(left, refcountsPerBlock); index++) block.writeUInt16BE(1, 2 * index);
    await sink.append(block);
  }
}

async function appendL2Tables(extents: readonly Extent[], { dataAt }: Layout, sink: ImageSink): Promise<void> {
  let cluster = dataAt;
  let current: { stretch: number; table: Buffer } | undefined;
  for (const { offset, length } of extents) {
    const first = Math.floor(offset / clusterBytes);
    const count = Math.ceil(length / clusterBytes);
    for (let guest = first; guest < first + count; guest++) {
      const stretch = Math.floor(guest / entriesPerCluster);
      if (current?.stretch !== stretch) {
        if (current !== undefined) await sink.append(current.table);
        current = { stretch, table: emptyL2Table() };
      }
      writeL2Entry(current.table, guest % entriesPerCluster, cluster++);
    }
  }
  if (current !== undefined) await sink.append(current.table);
}
