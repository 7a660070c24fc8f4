import { open } from 'node:fs/promises';
import { joinExtents } from '../../src/disk/extents.ts';
import type { DiskSource } from '../../src/disk/source.ts';

/** A disk whose contents are in memory, and which refuses to be read where it has none. */
export interface SparseDisk extends DiskSource {
  readonly pieces: readonly DiskPiece[];
}

export interface DiskPiece {
  position: number;
  bytes: Uint8Array;
}

/** Formats read by whole units of this many bytes. */
const unitBytes = 65536;

/** @param pieces none overlaps another; zeros in them count as contents */
export function sparseDisk(size: number, pieces: readonly DiskPiece[]): SparseDisk {
  const extents = joinExtents(pieces.map(({ position, bytes }) => ({ offset: position, length: bytes.length })));
  const readable = joinExtents(
    extents.map(({ offset, length }) => {
      const begin = Math.floor(offset / unitBytes) * unitBytes;
      return { offset: begin, length: Math.min(size, Math.ceil((offset + length) / unitBytes) * unitBytes) - begin };
    }),
  );
  return {
    size,
    extents,
    pieces,
    async read(position, buffer) {
      const isInside = readable.some(
        ({ offset, length }) => offset <= position && position + buffer.length <= offset + length,
      );
      if (!isInside) throw new Error(`bytes ${position} to ${position + buffer.length} are no contents`);
      buffer.fill(0);
      for (const piece of pieces) {
        const from = Math.max(position, piece.position);
        const to = Math.min(position + buffer.length, piece.position + piece.bytes.length);
        if (from < to) buffer.set(piece.bytes.subarray(from - piece.position, to - piece.position), from - position);
      }
    },
  };
}

/** Writes the disk as a sparse file. */
export async function writeSparse({ size, pieces }: SparseDisk, path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const { position, bytes } of pieces) await file.write(bytes, 0, bytes.length, position);
    await file.truncate(size);
  } finally {
    await file.close();
  }
}
