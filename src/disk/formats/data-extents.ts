import { type Extent, joinExtents } from '../extents.ts';
import type { DiskSource } from '../source.ts';

/** A unit of all formats: qcow2's clusters, vmdk's grains. */
export const unitBytes = 65536;

const readBytes = 16 * unitBytes;
const zeros = Buffer.alloc(unitBytes);

/** True for a unit, or a part of one, that holds only zeros. */
export function isZero(unit: Uint8Array): boolean {
  return zeros.equals(unit.length === unitBytes ? unit : Buffer.concat([unit], unitBytes));
}

/**
 * Finds the units of a disk that hold something else than zeros. What extents do not touch is not read.
 * @returns whole units, the disk's last one cut off where the disk ends; sorted, none touches another
 * @throws what the disk throws; the signal's reason
 */
export async function dataExtents(disk: DiskSource, signal: AbortSignal): Promise<Extent[]> {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const found: Extent[] = [];
  for (const { offset, length } of touchedUnits(disk)) {
    for (let position = offset; position < offset + length; position += readBytes) {
      signal.throwIfAborted();
      const piece = buffer.subarray(0, Math.min(readBytes, offset + length - position));
      await disk.read(position, piece);
      for (let at = 0; at < piece.length; at += unitBytes) {
        const unit = piece.subarray(at, at + unitBytes);
        if (isZero(unit)) continue;
        const last = found.at(-1);
        if (last !== undefined && last.offset + last.length === position + at) last.length += unit.length;
        else found.push({ offset: position + at, length: unit.length });
      }
    }
  }
  return found;
}

/** The units that a disk's extents touch, as {@link dataExtents} gives them. */
export function touchedUnits({ size, extents }: DiskSource): Extent[] {
  return joinExtents(
    extents.map(({ offset, length }) => {
      const begin = offset - (offset % unitBytes);
      return { offset: begin, length: Math.min(Math.ceil((offset + length) / unitBytes) * unitBytes, size) - begin };
    }),
  );
}
