// What decompresses zstd, for one stream after another: see `decompressZstd`.
import { ZSTDDecoder } from 'zstddec/stream';
import { serveRequests } from '../parallel/serve.ts';
import { InvalidZstdError } from './zstd-frames.ts';
import { type DecompressAnswer, type ZstdStream, zstdStream } from './zstd-stream.ts';

/** Asks for the next bytes: to begin with, and after `isHungry`, with a chunk or without one at the stream's end. */
export interface DecompressRequest {
  begins: boolean;
  chunk: Uint8Array<ArrayBuffer> | undefined;
  /** Takes the bytes; has `decompressedBytes`. */
  target: ArrayBuffer;
}

const decoder = new ZSTDDecoder();
let stream: ZstdStream | undefined;

serveRequests<DecompressRequest, DecompressAnswer>(async ({ begins, chunk, target }) => {
  await decoder.init();
  if (begins) stream = zstdStream(decoder);
  try {
    const message = stream?.next(chunk, target) ?? { kind: 'end' };
    if (message.kind !== 'bytes') return { message, transfer: [] };
    return { message, transfer: message.read === undefined ? [target] : [target, message.read] };
  } catch (error) {
    if (!(error instanceof InvalidZstdError)) throw error;
    return { message: { kind: 'invalid', reason: error.message }, transfer: [] };
  }
});
