import { deflateParameters, lastDeflateBlock } from './deflate-parameters.ts';
import { deflatedGrains } from './deflated-grains.ts';
import type { DiskFormat, FormatRequest, ImageSink } from './format.ts';
import {
  clusterBytes,
  emptyL2Table,
  entriesPerCluster,
  header,
  l1TableOf,
  refcountClusters,
  refcountsPerBlock,
  refcountTableOf,
  writeCompressedL2Entry,
} from './qcow2/structures.ts';

/** How far back QEMU lets a match lie: it decompresses with a window of 12 bits. */
const window = 4096;

/** QEMU's format with compressed clusters (`qemu-img convert -c`): the clusters one behind the other, then the tables. */
export const qcow2Compressed: DiskFormat = {
  name: 'qcow2-compressed',
  extension: 'qcow2',
  isCompressed: true,
  parameters: deflateParameters,
  write,
};

async function write(request: FormatRequest, sink: ImageSink): Promise<void> {
  const { disk } = request;
  const writeHeader = await sink.reserve(clusterBytes);
  const l2Tables = new Map<number, Buffer>();
  /** How many compressed clusters lie in each cluster of the file, at least in part. */
  const uses: number[] = [1];
  let offset = clusterBytes;

  for await (const { position, fragment } of deflatedGrains(request, window)) {
    const guest = position / clusterBytes;
    const stretch = Math.floor(guest / entriesPerCluster);
    const table = l2Tables.get(stretch) ?? emptyL2Table();
    l2Tables.set(stretch, table);
    const length = fragment.length + lastDeflateBlock.length;
    writeCompressedL2Entry(table, guest % entriesPerCluster, offset, length);
    await sink.append(fragment);
    await sink.append(lastDeflateBlock);
    const end = offset + length;
    for (let cluster = Math.floor(offset / clusterBytes); cluster * clusterBytes < end; cluster++) {
      uses[cluster] = (uses[cluster] ?? 0) + 1;
    }
    offset = end;
  }

  await sink.append(Buffer.alloc((clusterBytes - (offset % clusterBytes)) % clusterBytes));
  for (const table of l2Tables.values()) await sink.append(table);
  const l2At = uses.length;
  const l1 = l1TableOf(disk.size, [...l2Tables.keys()], l2At);
  await sink.append(l1);
  const l1At = l2At + l2Tables.size;
  const l1Count = l1.length / clusterBytes;
  const { blocks, table } = refcountClusters(l1At + l1Count);
  const refcountBlocks = { at: l1At + l1Count, count: blocks };
  const refcountTable = { at: refcountBlocks.at + blocks, count: table };
  await appendRefcounts(uses, refcountTable.at + table, sink);
  await sink.append(refcountTableOf(refcountBlocks));
  await writeHeader(header(disk.size, refcountTable, { at: l1At, count: l1Count }));
}

/** @param clusters of the file: those behind the ones in `uses` are tables, used once */
async function appendRefcounts(uses: readonly number[], clusters: number, sink: ImageSink): Promise<void> {
  for (let first = 0; first < clusters; first += refcountsPerBlock) {
    const block = Buffer.alloc(clusterBytes);
    const count = Math.min(refcountsPerBlock, clusters - first);
    for (let index = 0; index < count; index++) block.writeUInt16BE(uses[first + index] ?? 1, 2 * index);
    await sink.append(block);
  }
}
