import { pieceBytes } from '../../lib/compress/algorithms.ts';
import { concatenated } from '../../lib/compress/bytes.ts';
import type { LayerPiece } from '../content-threads/layer-streams.ts';
import type { FileRange } from '../content-threads/read-file.ts';
import type { LayerParts } from './layer-parts.ts';

/** Cuts a layer's tar stream into pieces of one size, the last of which may be smaller. Contents are not read for that. */
export function* layerPieces(parts: LayerParts, size = pieceBytes): Generator<LayerPiece, void, void> {
  let piece = emptyPiece(size);
  for (const part of parts) {
    const length = Buffer.isBuffer(part) ? part.length : part.size;
    for (let offset = 0; offset < length; ) {
      const count = Math.min(length - offset, piece.room());
      if (Buffer.isBuffer(part)) piece.addBytes(part.subarray(offset, offset + count));
      else piece.addRange({ ...part, offset, count });
      offset += count;
      if (piece.room() > 0) continue;
      yield piece.finish();
      piece = emptyPiece(size);
    }
  }
  if (piece.room() < size) yield piece.finish();
}

function emptyPiece(size: number) {
  const bytes: Uint8Array[] = [];
  const segments: (number | FileRange)[] = [];
  let room = size;
  return {
    room: () => room,
    addBytes(some: Uint8Array) {
      bytes.push(some);
      const last = segments.at(-1);
      if (typeof last === 'number') segments[segments.length - 1] = last + some.length;
      else segments.push(some.length);
      room -= some.length;
    },
    addRange(range: FileRange) {
      segments.push(range);
      room -= range.count;
    },
    finish: (): LayerPiece => ({ size: size - room, bytes: concatenated(bytes), segments }),
  };
}
