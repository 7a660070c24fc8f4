import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { adler32 } from '../../lib/checksums.ts';
import { deflateFragment, maximumInput, maximumOutput } from '../../lib/compress/deflate.ts';

/** What is compressed on its own: 64 KiB, or less at an end. */
export const grainBytes = maximumInput;

/** A grain in its compressed form, which fits into streams of gzip and zlib alike. */
export interface Grain {
  /** Deflate blocks that end at a byte's border, of which none is the last. */
  fragment: Uint8Array;
  /** Bytes of the grain, and their checksums. */
  size: number;
  crc32: number;
  adler32: number;
}

/** Asks for the digests of bytes, grain by grain. */
export interface DigestRequest {
  kind: 'digests';
  bytes: Uint8Array<SharedArrayBuffer>;
}

export interface DigestAnswer {
  digests: string[];
}

/** Asks for the compressed form of some of the grains of bytes. */
export interface DeflateRequest {
  kind: 'deflate';
  bytes: Uint8Array<SharedArrayBuffer>;
  /** The numbers of those that are wanted, ascending. */
  wanted: readonly number[];
  /** How far back a match may lie, in bytes. */
  window: number;
}

export interface DeflateAnswer {
  /** All share one buffer. */
  grains: Grain[];
}

export function digestsOf({ bytes }: DigestRequest): DigestAnswer {
  const digests: string[] = [];
  for (let at = 0; at < bytes.length; at += grainBytes) {
    digests.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + grainBytes))
        .digest('base64'),
    );
  }
  return { digests };
}

const output = new Uint8Array(maximumOutput);
/** The search reads each byte several times, which is faster in memory that is this thread's alone. */
const input = new Uint8Array(grainBytes);

export function deflated({ bytes, wanted, window }: DeflateRequest): DeflateAnswer {
  const all = new Uint8Array(wanted.length * maximumOutput);
  let at = 0;
  const grains = wanted.map((number) => {
    const grain = bytes.subarray(number * grainBytes, (number + 1) * grainBytes);
    const own = input.subarray(0, grain.length);
    own.set(grain);
    const length = deflateFragment(own, output, window);
    all.set(output.subarray(0, length), at);
    const fragment = all.subarray(at, at + length);
    at += length;
    return { fragment, size: own.length, crc32: crc32(own), adler32: adler32(own) };
  });
  return { grains };
}
