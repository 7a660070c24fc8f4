import { createHash, type Hash } from 'node:crypto';

/** The next part of a stream that is hashed. A stream's parts go to one thread, in their order. */
export type HashRequest =
  | { kind: 'hash'; stream: string; bytes: Uint8Array<SharedArrayBuffer> }
  | { kind: 'hash-zeros'; stream: string; count: number }
  /** Asks for the stream's digest, and forgets it. */
  | { kind: 'hash-end'; stream: string };

export interface HashAnswer {
  /** Hex sha256, at the end alone. */
  sha256: string | undefined;
}

const zeros = Buffer.alloc(1 << 20);
const streams = new Map<string, Hash>();

export function hashed(request: HashRequest): HashAnswer {
  const hash = streams.get(request.stream) ?? createHash('sha256');
  streams.set(request.stream, hash);
  switch (request.kind) {
    case 'hash':
      hash.update(request.bytes);
      return { sha256: undefined };
    case 'hash-zeros':
      for (let left = request.count; left > 0; left -= zeros.length) hash.update(zeros.subarray(0, left));
      return { sha256: undefined };
    case 'hash-end':
      streams.delete(request.stream);
      return { sha256: hash.digest('hex') };
  }
}
