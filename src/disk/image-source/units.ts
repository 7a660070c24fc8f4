import { type Extent, joinExtents } from '../extents.ts';
import type { DiskSource } from '../source.ts';

/** A format's view of a disk: units of one size, of which some are in the file. */
interface Units {
  /** Bytes of the disk. */
  size: number;
  unitBytes: number;
  /** The stretches that are in the file, at borders of units. */
  extents: readonly Extent[];
  /** Fills the buffer, which lies within one unit, from an offset in it. */
  readUnit(number: number, offset: number, buffer: Uint8Array): Promise<void>;
}

/** The disk as a source: where no extent is, zeros. */
export function unitsSource({ size, unitBytes, extents, readUnit }: Units): DiskSource {
  return {
    size,
    extents: joinExtents(
      extents
        .map(({ offset, length }) => ({ offset, length: Math.min(length, size - offset) }))
        .filter(({ length }) => length > 0),
    ),
    async read(position, buffer) {
      for (let done = 0; done < buffer.length; ) {
        const at = position + done;
        const length = Math.min(buffer.length - done, unitBytes - (at % unitBytes));
        const piece = buffer.subarray(done, done + length);
        if (at >= size) piece.fill(0);
        else await readUnit(Math.floor(at / unitBytes), at % unitBytes, piece);
        done += length;
      }
    },
  };
}

/** Keeps the last few results of a function that reads tables or decompresses. */
export function remembering<T>(count: number, make: (number: number) => Promise<T>): (number: number) => Promise<T> {
  const kept = new Map<number, Promise<T>>();
  return (number) => {
    const found = kept.get(number) ?? make(number);
    kept.delete(number);
    kept.set(number, found);
    const [oldest] = kept.keys();
    if (kept.size > count && oldest !== undefined) kept.delete(oldest);
    return found;
  };
}
