// What a compressor's threads run: a piece of the input comes, its compressed form and the piece's buffer go back.
import { init as initZstd, compress as zstdCompress } from '@bokuweb/zstd-wasm';
import { Deflate, Z_SYNC_FLUSH } from 'pako';
import { serveRequests } from '../parallel/serve.ts';
import { type CompressionAlgorithm, gzipLevel, zstdLevel } from './algorithms.ts';
import { concatenated } from './bytes.ts';

export interface CompressRequest {
  algorithm: CompressionAlgorithm;
  buffer: ArrayBuffer;
  /** Bytes of the buffer that count. */
  size: number;
}

export interface CompressAnswer {
  /** A whole zstd frame, or deflate blocks that end at a byte's border and of which none is the last. */
  compressed: Uint8Array<ArrayBuffer>;
  /** The request's, to be used again. */
  buffer: ArrayBuffer;
}

let zstdReady: Promise<void> | undefined;

serveRequests<CompressRequest, CompressAnswer>(async ({ algorithm, buffer, size }) => {
  const piece = new Uint8Array(buffer, 0, size);
  const compressed = algorithm === 'zstd' ? await zstdFrame(piece) : deflateBlocks(piece);
  return { message: { compressed, buffer }, transfer: [compressed.buffer, buffer] };
});

async function zstdFrame(piece: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
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
