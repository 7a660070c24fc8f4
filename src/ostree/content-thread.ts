// What the threads run that read a tree's contents: see `contentThreads`.
import type { CompressionAlgorithm } from '../lib/compress/algorithms.ts';
import { serveRequests } from '../lib/parallel/serve.ts';
import { type ChecksumRequest, checksums } from './content-threads/checksums.ts';
import {
  type EndRequest,
  endStream,
  type ReadRequest,
  readPiece,
  type StreamDigest,
} from './content-threads/layer-streams.ts';

/** A piece to be compressed: the beginning of a buffer. */
export interface CompressRequest {
  kind: 'compress';
  compression: CompressionAlgorithm;
  buffer: ArrayBuffer;
  /** Bytes of the buffer that count. */
  size: number;
}

export type ContentRequest = ChecksumRequest | ReadRequest | EndRequest | CompressRequest;

/** Buffers are those of the request, to be used again. */
export type ContentAnswer =
  | { checksums: string[] }
  | { buffer: ArrayBuffer }
  | StreamDigest
  | { compressed: Uint8Array<ArrayBuffer>; buffer: ArrayBuffer };

serveRequests<ContentRequest, ContentAnswer>(async (request) => {
  switch (request.kind) {
    case 'checksums':
      return { message: { checksums: checksums(request) }, transfer: [] };
    case 'read':
      readPiece(request);
      return { message: { buffer: request.buffer }, transfer: [request.buffer] };
    case 'end':
      return { message: endStream(request), transfer: [] };
    case 'compress':
      return compress(request);
  }
});

async function compress({ compression, buffer, size }: CompressRequest) {
  // A compressor is started when there is something to compress, which a scan is not.
  const { compressPiece } = await import('../lib/compress/piece.ts');
  const compressed = await compressPiece(compression, new Uint8Array(buffer, 0, size));
  return { message: { compressed, buffer }, transfer: [compressed.buffer, buffer] };
}
