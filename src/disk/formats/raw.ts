import { dataExtents } from './data-extents.ts';
import type { DiskFormat, FormatRequest, ImageSink } from './format.ts';

/** The disk as it is, with holes where there are only zeros. */
export const raw: DiskFormat = {
  name: 'raw',
  extension: 'raw',
  isCompressed: false,
  parameters: '',
  write: writeRaw,
};

/** Appends a whole disk. @throws as `ImageSink` and `dataExtents` */
export async function writeRaw(
  { disk, signal }: Pick<FormatRequest, 'disk' | 'signal'>,
  sink: ImageSink,
): Promise<void> {
  let position = 0;
  for (const { offset, length } of await dataExtents(disk, signal)) {
    await sink.appendZeros(offset - position);
    await sink.appendDisk(disk, offset, length);
    position = offset + length;
  }
  await sink.appendZeros(disk.size - position);
}
