import { type Grain, grainBytes } from '../image-threads/grains.ts';
import { isZero, touchedUnits, unitBytes } from './data-extents.ts';
import type { FormatRequest } from './format.ts';

/** A unit of a disk in its compressed form. The disk's last one is filled up with zeros. */
export interface DiskGrain extends Grain {
  /** Where on the disk it begins, in bytes. */
  position: number;
}

/** What a thread compresses at once, and what is read at once. */
const batchBytes = 16 * unitBytes;
/** Batches that are read while all threads compress others. */
const spareBatches = 2;

/**
 * Compresses what a disk holds, unit by unit, in the disk's order; units of zeros are left out. All threads work on it.
 * @param window how far back a match may lie, in bytes
 * @throws what the disk and the threads throw; the signal's reason
 */
export async function* deflatedGrains(
  { disk, threads, signal }: FormatRequest,
  window?: number,
): AsyncGenerator<DiskGrain, void, void> {
  const free: Uint8Array<SharedArrayBuffer>[] = [];
  const begun: Promise<DiskGrain[]>[] = [];

  async function compress(position: number, length: number): Promise<DiskGrain[]> {
    const buffer = free.pop() ?? new Uint8Array(new SharedArrayBuffer(batchBytes));
    try {
      await disk.read(position, buffer.subarray(0, length));
      buffer.fill(0, length);
      const positions = keepData(buffer, position, length);
      const grains = await threads.deflate(buffer.subarray(0, positions.length * grainBytes), window);
      return grains.map((grain, index) => ({ ...grain, position: positions[index] as number }));
    } finally {
      free.push(buffer);
    }
  }

  for (const { offset, length } of touchedUnits(disk)) {
    for (let at = offset; at < offset + length; at += batchBytes) {
      signal.throwIfAborted();
      const batch = compress(at, Math.min(batchBytes, offset + length - at));
      // Awaited in its turn; until then a failure must not count as unhandled.
      batch.catch(() => undefined);
      begun.push(batch);
      if (begun.length >= threads.size + spareBatches) yield* await (begun.shift() as Promise<DiskGrain[]>);
    }
  }
  for (const batch of begun) {
    signal.throwIfAborted();
    yield* await batch;
  }
}

/** Moves units that are not zeros to the buffer's beginning. @returns where on the disk each lies */
function keepData(buffer: Uint8Array, position: number, length: number): number[] {
  const positions: number[] = [];
  for (let at = 0; at < length; at += unitBytes) {
    const unit = buffer.subarray(at, at + unitBytes);
    if (isZero(unit)) continue;
    if (at > positions.length * unitBytes) buffer.copyWithin(positions.length * unitBytes, at, at + unitBytes);
    positions.push(position + at);
  }
  return positions;
}
