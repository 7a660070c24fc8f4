import type { ZSTDDecoder } from 'zstddec/stream';
import { enoughBytes, InvalidZstdError, splitFrames } from './zstd-frames.ts';

/** Buffers come back, to be used again: the target with its bytes, and the chunk that has been read. */
export type DecompressAnswer =
  | { kind: 'bytes'; target: ArrayBuffer; length: number; isHungry: boolean; read: ArrayBuffer | undefined }
  /** All has been given, and the thread is ready for another stream. */
  | { kind: 'end' }
  /** The thread is of no more use: the decoder has kept its memory. */
  | { kind: 'invalid'; reason: string };

/** A stream that is decompressed bit by bit. */
export interface ZstdStream {
  /**
   * @param chunk the next bytes, to begin with and after `isHungry`; undefined at the stream's end
   * @param target as in a request
   * @throws InvalidZstdError
   */
  next(chunk: Uint8Array<ArrayBuffer> | undefined, target: ArrayBuffer): DecompressAnswer;
}

/** @param decoder initialised; after an error it is of no more use */
export function zstdStream(decoder: ZSTDDecoder): ZstdStream {
  const parts = splitFrames();
  const decode = stepwise(decoder);
  let isHungry = parts.next().value === undefined;
  let hasEnded = false;
  let reading: ArrayBuffer | undefined;

  function next(chunk: Uint8Array<ArrayBuffer> | undefined, target: ArrayBuffer): DecompressAnswer {
    if (hasEnded) return { kind: 'end' };
    const bytes = new Uint8Array(target);
    let input = isHungry ? chunk : undefined;
    if (input !== undefined) reading = input.buffer;
    let length = 0;
    while (length < enoughBytes) {
      const { value: part, done } = parts.next(input);
      input = undefined;
      if (done === true) {
        decode(undefined);
        hasEnded = true;
        if (length === 0) return { kind: 'end' };
        return { kind: 'bytes', target, length, isHungry: false, read: undefined };
      }
      isHungry = part === undefined;
      if (part === undefined) break;
      const piece = decode(part);
      bytes.set(piece, length);
      length += piece.length;
    }
    const read = isHungry ? reading : undefined;
    if (isHungry) reading = undefined;
    return { kind: 'bytes', target, length, isHungry, read };
  }

  return { next };
}

/**
 * The decoder takes its input from an iterator and does not say when it fails: it gives nothing for what it cannot decode,
 * for ever, and asks for no more. So each part is given when it asks, and it must have asked when the next one comes.
 * @returns decodes one part of a frame; without one it ends the stream
 */
function stepwise(decoder: ZSTDDecoder): (part: Uint8Array | undefined) => Uint8Array {
  const offer: { part: Uint8Array | undefined; isTaken: boolean } = { part: undefined, isTaken: true };
  function* input(): Generator<Uint8Array> {
    while (!offer.isTaken) {
      offer.isTaken = true;
      if (offer.part === undefined) return;
      yield offer.part;
    }
  }
  const output = decoder.decodeStreaming(input());

  return (part) => {
    Object.assign(offer, { part, isTaken: false });
    const { value, done } = decoded(output);
    if (!offer.isTaken || (done === true) !== (part === undefined)) throw new InvalidZstdError('it is damaged');
    return (value ?? new Uint8Array(0)) as Uint8Array;
  };
}

function decoded(output: Generator<Uint8Array>): IteratorResult<Uint8Array> {
  try {
    return output.next();
  } catch (error) {
    // The decoder's last words, or a trap in it.
    throw new InvalidZstdError('it is damaged', { cause: error });
  }
}
