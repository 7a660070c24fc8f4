import { init as initZstd, compress as zstdCompress } from '@bokuweb/zstd-wasm';
import { Deflate, Z_SYNC_FLUSH } from 'pako';
import { type CompressionAlgorithm, gzipLevel, zstdLevel } from './algorithms.ts';
import { concatenated } from './bytes.ts';

let zstdReady: Promise<void> | undefined;

/**
 * Compresses one piece of a stream on its own, in the thread that calls it: some 50 ms for `pieceBytes` of zstd.
 * @returns a whole zstd frame, or deflate blocks that end at a byte's border and of which none is the last
 */
export async function compressPiece(
  algorithm: CompressionAlgorithm,
  piece: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  if (algorithm === 'gzip') return deflateBlocks(piece);
  zstdReady ??= initZstd();
  await zstdReady;
  return zstdCompress(piece, zstdLevel) as Uint8Array<ArrayBuffer>;
}

function deflateBlocks(piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  const deflate = new Deflate({ level: gzipLevel, raw: true, chunkSize: 256 * 1024 });
  deflate.onData = (chunk) => void chunks.push(chunk);
  if (!deflate.push(piece, Z_SYNC_FLUSH)) throw new Error(`deflate: ${deflate.msg}`);
  return concatenated(chunks);
}
