import type { CompressionAlgorithm } from './algorithms.ts';

// Zstd is one frame a piece, which every reader of the format joins (RFC 8878, 3.1). Gzip is one member whose deflate
// blocks end at a byte's border after each piece (RFC 1952): readers are common that stop after the first member.

/** A member without name and time, of an unknown system: https://www.rfc-editor.org/rfc/rfc1952#section-2.3 */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** The empty block with fixed codes that ends a deflate stream: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.3 */
const lastDeflateBlock = [0x03, 0x00];

/** What stands before the compressed pieces of a stream; there is one piece at least. */
export function streamHeader(algorithm: CompressionAlgorithm): Uint8Array {
  return algorithm === 'gzip' ? gzipHeader : Buffer.alloc(0);
}

/**
 * What stands behind them.
 * @param content CRC-32 and bytes of all that was compressed
 */
export function streamTrailer(algorithm: CompressionAlgorithm, content: { crc32: number; size: number }): Uint8Array {
  if (algorithm === 'zstd') return Buffer.alloc(0);
  const trailer = Buffer.from([...lastDeflateBlock, 0, 0, 0, 0, 0, 0, 0, 0]);
  trailer.writeUInt32LE(content.crc32, lastDeflateBlock.length);
  trailer.writeUInt32LE(content.size % 2 ** 32, lastDeflateBlock.length + 4);
  return trailer;
}
