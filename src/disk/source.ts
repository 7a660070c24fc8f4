import type { FileHandle } from 'node:fs/promises';
import { CosaError } from '../lib/errors.ts';
import { type Extent, joinExtents } from './extents.ts';
import type { DiskRange } from './output.ts';

/** A raw disk that can be read: what disk image formats are made from. */
export interface DiskSource {
  /** Bytes: a multiple of the sector size, and of 1 MiB. */
  readonly size: number;
  /** The stretches that may hold something else than zeros: sorted, none touches another. */
  readonly extents: readonly Extent[];
  /** Fills the whole buffer with the bytes from a position on. @throws CosaError `DISK_CUT_OFF` (exit 1) */
  read(position: number, buffer: Uint8Array): Promise<void>;
}

/**
 * A disk kept in a sparse file.
 * @param file open for reading as long as the disk is read; may be shorter than the disk, whose rest is zeros then
 */
export function fileSource(file: FileHandle, size: number, extents: readonly Extent[]): DiskSource {
  const last = extents.at(-1);
  const end = last === undefined ? 0 : last.offset + last.length;
  return {
    size,
    extents,
    async read(position, buffer) {
      const inFile = Math.max(0, Math.min(buffer.length, end - position));
      for (let done = 0; done < inFile; ) {
        const { bytesRead } = await file.read(buffer, done, inFile - done, position + done);
        if (bytesRead === 0) throw new CosaError('DISK_CUT_OFF', `the raw disk ends at byte ${position + done}`);
        done += bytesRead;
      }
      buffer.fill(0, inFile);
    },
  };
}

/**
 * A disk that differs from another in a few ranges, and may be larger.
 * @param ranges sorted; none overlaps another
 */
export function overlaidSource(base: DiskSource, size: number, ranges: readonly DiskRange[]): DiskSource {
  return {
    size,
    extents: joinExtents([
      ...base.extents,
      ...ranges.map(({ position, bytes }) => ({ offset: position, length: bytes.length })),
    ]),
    async read(position, buffer) {
      const inBase = Math.max(0, Math.min(buffer.length, base.size - position));
      if (inBase > 0) await base.read(position, buffer.subarray(0, inBase));
      buffer.fill(0, inBase);
      const end = position + buffer.length;
      for (const range of ranges) {
        if (range.position >= end) break;
        const from = Math.max(range.position, position);
        const to = Math.min(range.position + range.bytes.length, end);
        if (from < to) buffer.set(range.bytes.subarray(from - range.position, to - range.position), from - position);
      }
    },
  };
}
