// [MS-VHDX]: "Virtual Hard Disk v2 (VHDX) File Format", Microsoft.
import type { Extent } from '../extents.ts';
import { dataExtents } from './data-extents.ts';
import type { DiskFormat, FormatRequest, ImageSink } from './format.ts';
import {
  batEntries,
  batEntryBytes,
  blockBytes,
  frontMatter,
  payloadIndex,
  presentBlock,
  regionUnit,
} from './vhdx/structures.ts';

/** Hyper-V's format, dynamic: only blocks of 1 MiB that hold something are in the file. */
export const vhdx: DiskFormat = { name: 'vhdx', extension: 'vhdx', isCompressed: false, parameters: '', write };

async function write(request: FormatRequest, sink: ImageSink): Promise<void> {
  const { disk, identity, signal } = request;
  const extents = await dataExtents(disk, signal);
  const bat = Buffer.alloc(Math.ceil((batEntries(disk.size) * batEntryBytes) / regionUnit) * regionUnit);
  const front = frontMatter(disk.size, identity, bat.length);
  const blocks = [...touchedBlocks(extents)];
  const firstBlock = (front.length + bat.length) / blockBytes;
  for (const [index, { number }] of blocks.entries()) {
    bat.writeBigUInt64LE(presentBlock(firstBlock + index), payloadIndex(number) * batEntryBytes);
  }
  await sink.append(front);
  await sink.append(bat);
  for (const { number, parts } of blocks) {
    let position = number * blockBytes;
    for (const { offset, length } of parts) {
      await sink.appendZeros(offset - position);
      await sink.appendDisk(disk, offset, length);
      position = offset + length;
    }
    await sink.appendZeros((number + 1) * blockBytes - position);
  }
}

/** The blocks that extents touch, in their order, and what they hold. */
function* touchedBlocks(extents: readonly Extent[]): Generator<{ number: number; parts: Extent[] }> {
  let current: { number: number; parts: Extent[] } | undefined;
  for (const { offset, length } of extents) {
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const number = Math.floor(at / blockBytes);
      if (current?.number !== number) {
        if (current !== undefined) yield current;
        current = { number, parts: [] };
      }
      const stop = Math.min(end, (number + 1) * blockBytes);
      current.parts.push({ offset: at, length: stop - at });
      at = stop;
    }
  }
  if (current !== undefined) yield current;
}
