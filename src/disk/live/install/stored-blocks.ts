import type { Extent } from '../../extents.ts';
import type { DiskSource } from '../../source.ts';
import type { FileContent } from '../filesystems/live-filesystem.ts';

/** Stretches of a disk that become a file, one after the other. */
export interface StoredBlocks {
  /** @returns where the stretch begins in the file */
  add(stretch: Extent): number;
  content(): FileContent;
}

export function storedBlocks(disk: DiskSource): StoredBlocks {
  const ranges: (Extent & { at: number })[] = [];
  let size = 0;
  return {
    add({ offset, length }) {
      const at = size;
      const last = ranges.at(-1);
      if (last !== undefined && last.offset + last.length === offset) last.length += length;
      else ranges.push({ offset, length, at });
      size += length;
      return at;
    },
    content: () => ({
      size,
      extents: size === 0 ? [] : [{ offset: 0, length: size }],
      async read(position, buffer) {
        let done = 0;
        for (const { offset, length, at } of ranges) {
          if (at + length <= position + done) continue;
          if (done === buffer.length) break;
          const within = position + done - at;
          const count = Math.min(buffer.length - done, length - within);
          await disk.read(offset + within, buffer.subarray(done, done + count));
          done += count;
        }
      },
    }),
  };
}

/** A stretch of a disk as a file of its own, with the disk's holes. */
export function stretchContent(disk: DiskSource, { offset, length }: Extent): FileContent {
  const extents = disk.extents.flatMap((extent) => {
    const begin = Math.max(extent.offset, offset);
    const end = Math.min(extent.offset + extent.length, offset + length);
    return begin < end ? [{ offset: begin - offset, length: end - begin }] : [];
  });
  return { size: length, extents, read: (position, buffer) => disk.read(offset + position, buffer) };
}
