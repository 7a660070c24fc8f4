import { crc32 } from 'node:zlib';
import type { CompressionAlgorithm } from './algorithms.ts';
import type { CompressionPool } from './pool.ts';

/**
 * Bytes to be compressed.
 * @param buffer is filled from its beginning; less of it only at the end of the content
 * @returns how many bytes it got
 */
export type Fill = (buffer: Buffer) => number;

/**
 * Compresses content in pieces, some at a time, and gives the results in their order. The bytes depend on the content and
 * on `compressionParameters` alone: not on the number of threads, nor on which piece is done first.
 *
 * Zstd becomes one frame a piece, which every reader of the format joins (RFC 8878, 3.1). Gzip is one member whose
 * deflate blocks end at a byte's border after each piece (RFC 1952): readers are common that stop after the first member.
 * @throws what `fill` throws; CosaError `THREAD_FAILED`
 */
export async function* compressed(
  fill: Fill,
  algorithm: CompressionAlgorithm,
  pool: CompressionPool,
): AsyncGenerator<Uint8Array, void, void> {
  const format = algorithm === 'zstd' ? zstdFormat : gzipFormat();
  const underWay: Promise<Uint8Array>[] = [];
  const content = { pieces: 0, isAtEnd: false };

  function begin(buffer: ArrayBuffer): void {
    const piece = Buffer.from(buffer);
    let size = 0;
    try {
      size = fill(piece);
    } catch (error) {
      pool.giveBack(buffer);
      throw error;
    }
    content.isAtEnd = size < piece.length;
    if (size === 0 && !(format.needsOne && content.pieces === 0)) {
      pool.giveBack(buffer);
      return;
    }
    format.add(piece.subarray(0, size));
    content.pieces++;
    const result = pool.compress(algorithm, buffer, size);
    // Awaited in its turn; until then a failure must not count as unhandled.
    result.catch(() => undefined);
    underWay.push(result);
  }

  try {
    yield format.header;
    while (!content.isAtEnd || underWay.length > 0) {
      while (!content.isAtEnd && underWay.length < pool.size) {
        // With results to come there is something better to do than to wait for a buffer.
        const buffer = pool.takeNow() ?? (underWay.length === 0 ? await pool.take() : undefined);
        if (buffer === undefined) break;
        begin(buffer);
      }
      const next = underWay.shift();
      if (next !== undefined) yield await next;
    }
    yield format.trailer();
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** What stands around the pieces. */
interface Format {
  header: Uint8Array;
  /** True if there must be a piece even of no content. */
  needsOne: boolean;
  /** Told each piece of the content, in order. */
  add(piece: Uint8Array): void;
  trailer(): Uint8Array;
}

const nothing = Buffer.alloc(0);
const zstdFormat: Format = { header: nothing, needsOne: true, add: () => undefined, trailer: () => nothing };

/** A member without name and time, of an unknown system: https://www.rfc-editor.org/rfc/rfc1952#section-2.3 */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** The empty block with fixed codes that ends a deflate stream: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.3 */
const lastDeflateBlock = [0x03, 0x00];

function gzipFormat(): Format {
  let checksum = 0;
  let size = 0;
  return {
    header: gzipHeader,
    needsOne: false,
    add(piece) {
      checksum = crc32(piece, checksum);
      size += piece.length;
    },
    trailer() {
      const trailer = Buffer.from([...lastDeflateBlock, 0, 0, 0, 0, 0, 0, 0, 0]);
      trailer.writeUInt32LE(checksum, lastDeflateBlock.length);
      trailer.writeUInt32LE(size % 2 ** 32, lastDeflateBlock.length + 4);
      return trailer;
    },
  };
}
