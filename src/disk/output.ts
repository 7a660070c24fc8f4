import { writeSync } from 'node:fs';
import { type Extent, joinExtents } from './extents.ts';

/** Where a disk's bytes go, at any position and in any order. What is never written reads as zeros. */
export interface DiskOutput {
  /**
   * Writes at once or later: the caller may use the buffer again. It does not wait, for contents are many and small, and
   * each trip through the thread pool costs more than the call.
   * @param position bytes from the beginning
   * @throws the system's error, of this or of an earlier write
   */
  write(position: number, bytes: Uint8Array): void;
}

/** An output that knows what was written. */
export interface RecordingOutput extends DiskOutput {
  /** Sees to it that everything is written. @returns the stretches that were, sorted and joined */
  finish(): Extent[];
}

/** An output that begins within another: a partition of a disk. */
export function outputAt(output: DiskOutput, offset: number): DiskOutput {
  return { write: (position, bytes) => output.write(offset + position, bytes) };
}

/** Bytes that are gathered before they are written: a filesystem's small files lie one after the other. */
const gatheredBytes = 1 << 20;

/**
 * Writes to a sparse file.
 * @param file a descriptor open for writing; stays open
 */
export function fileOutput(file: number): RecordingOutput {
  const gathered = Buffer.allocUnsafe(gatheredBytes);
  let begin = 0;
  let length = 0;
  const extents: Extent[] = [];

  function flush(): void {
    if (length > 0) writeFully(file, gathered.subarray(0, length), begin);
    length = 0;
  }

  return {
    write(position, bytes) {
      const last = extents.at(-1);
      if (last !== undefined && position === last.offset + last.length) last.length += bytes.length;
      else if (bytes.length > 0) extents.push({ offset: position, length: bytes.length });
      if (position !== begin + length || length + bytes.length > gatheredBytes) flush();
      if (bytes.length >= gatheredBytes) return writeFully(file, bytes, position);
      if (length === 0) begin = position;
      gathered.set(bytes, length);
      length += bytes.length;
    },
    finish() {
      flush();
      return joinExtents(extents);
    },
  };
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

/** A stretch of bytes with a place on a disk. */
export interface DiskRange {
  position: number;
  bytes: Buffer;
}

/** Keeps what is written in memory: for the few blocks in which a disk differs from another. */
export function rangesOutput(): DiskOutput & { ranges(): DiskRange[] } {
  const written: DiskRange[] = [];
  return {
    write(position, bytes) {
      if (bytes.length > 0) written.push({ position, bytes: Buffer.from(bytes) });
    },
    /** Sorted; none overlaps another, for what was written later counts. */
    ranges() {
      const extents = joinExtents(written.map(({ position, bytes }) => ({ offset: position, length: bytes.length })));
      const ranges = extents.map(({ offset, length }) => ({ position: offset, bytes: Buffer.alloc(length) }));
      for (const { position, bytes } of written) {
        const range = rangeAt(ranges, position);
        bytes.copy(range.bytes, position - range.position);
      }
      return ranges;
    },
  };
}

/** The range that holds a position, of sorted ones; there must be one. */
function rangeAt(ranges: readonly DiskRange[], position: number): DiskRange {
  let low = 0;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ranges[middle] as DiskRange).position <= position) low = middle;
    else high = middle - 1;
  }
  return ranges[low] as DiskRange;
}
