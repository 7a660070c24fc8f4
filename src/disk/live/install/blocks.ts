import { createHash } from 'node:crypto';
import type { Extent } from '../../extents.ts';
import type { ImageThreads } from '../../image-threads.ts';
import type { DiskSource } from '../../source.ts';

/** What is looked for in other places, and stored once: filesystems put contents at multiples of it. */
export const blockBytes = 4096;

/** Most bytes of a piece of a disk. */
export const pieceBytes = 1 << 20;
const pieceCount = 4;
const zeros = Buffer.alloc(blockBytes);

/** True for a block of zeros. */
export function isZeroBlock(block: Buffer): boolean {
  return block.readUInt32LE(0) === 0 && zeros.equals(block);
}

/** A name for a block's bytes, which no other bytes have. */
export function blockKey(block: Buffer): string {
  return createHash('sha256').update(block).digest('binary');
}

/** Takes pieces of a disk that are whole blocks. What it keeps it copies. */
type PieceTaker = (position: number, piece: Buffer) => void | Promise<void>;

/**
 * Reads what a disk's extents touch of a stretch, in pieces of up to 1 MiB.
 * @throws what the disk throws; the signal's reason
 */
export async function readPieces(
  disk: DiskSource,
  within: Extent,
  take: PieceTaker,
  signal: AbortSignal,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  for (const { offset, length } of touchedPieces(disk.extents, within)) {
    signal.throwIfAborted();
    const piece = buffer.subarray(0, length);
    await disk.read(offset, piece);
    await take(offset, piece);
  }
}

/**
 * Reads a disk from its beginning to its end, and hashes it meanwhile.
 * @param extents what `take` gets, in pieces: all that may hold something else than zeros, or more
 * @returns hex sha256 of the disk, its holes included
 * @throws what the disk and the threads throw; the signal's reason
 */
export async function hashDisk(
  disk: DiskSource,
  extents: readonly Extent[],
  take: PieceTaker,
  threads: ImageThreads,
  signal: AbortSignal,
): Promise<string> {
  using hash = threads.hash();
  const buffers = Array.from({ length: pieceCount }, () => new Uint8Array(new SharedArrayBuffer(pieceBytes)));
  const hashed: Promise<void>[] = buffers.map(() => Promise.resolve());
  let end = 0;
  for (const [index, { offset, length }] of touchedPieces(extents, { offset: 0, length: disk.size }).entries()) {
    signal.throwIfAborted();
    const slot = index % pieceCount;
    await hashed[slot];
    const piece = (buffers[slot] as Uint8Array<SharedArrayBuffer>).subarray(0, length);
    await disk.read(offset, piece);
    if (offset > end) await hash.updateZeros(offset - end, signal);
    hashed[slot] = hash.update(piece);
    end = offset + length;
    await take(offset, Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
  }
  await Promise.all(hashed);
  if (end < disk.size) await hash.updateZeros(disk.size - end, signal);
  return await hash.end();
}

/** Whole blocks that extents touch, up to 1 MiB each; sorted. */
function touchedPieces(extents: readonly Extent[], within: Extent): Extent[] {
  const pieces: Extent[] = [];
  let done = within.offset;
  const stop = within.offset + within.length;
  for (const { offset, length } of extents) {
    const begin = Math.max(done, offset - (offset % blockBytes));
    const end = Math.min(stop, Math.ceil((offset + length) / blockBytes) * blockBytes);
    for (let at = begin; at < end; at += pieceBytes) {
      pieces.push({ offset: at, length: Math.min(pieceBytes, end - at) });
    }
    done = Math.max(done, end);
  }
  return pieces;
}
