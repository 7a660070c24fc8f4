import { endOfArchive, padding } from '../../lib/tar/writer.ts';
import { gzip } from '../compressors/gzip.ts';
import { dataExtents } from '../formats/data-extents.ts';
import { deflateParameters } from '../formats/deflate-parameters.ts';
import type { DiskFormat, FormatRequest, ImageSink } from '../formats/format.ts';
import { sparseHeaders } from './sparse-tar.ts';

/** The one name that Google's importer takes. */
const memberName = 'disk.raw';

/** Google's format: the disk in a sparse tar of GNU's older kind, compressed with gzip. */
export const gcpTar: DiskFormat = {
  name: 'gcp-tar',
  extension: 'tar.gz',
  isCompressed: true,
  parameters: deflateParameters,
  write,
};

async function write({ disk, threads, signal }: FormatRequest, output: ImageSink): Promise<void> {
  const extents = await dataExtents(disk, signal);
  using sink = gzip.open(output, { threads, signal });
  await sink.append(sparseHeaders(memberName, disk.size, extents));
  let stored = 0;
  for (const { offset, length } of extents) {
    await sink.appendDisk(disk, offset, length);
    stored += length;
  }
  await sink.append(padding(stored));
  await sink.append(endOfArchive);
  await sink.end();
}
