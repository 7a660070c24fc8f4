import { randomUUID } from 'node:crypto';
import type { CompressionAlgorithm } from '../lib/compress/algorithms.ts';
import { pieceBytes } from '../lib/compress/algorithms.ts';
import { createBuffers } from '../lib/parallel/buffers.ts';
import { type ThreadPool, threadPool } from '../lib/parallel/pool.ts';
import type { ContentAnswer, ContentRequest } from './content-thread.ts';
import type { ChecksumRequest } from './content-threads/checksums.ts';
import type { LayerPiece, StreamDigest } from './content-threads/layer-streams.ts';

/** Pieces that are read while all threads compress others. */
const sparePieces = 2;

/** Threads that read the contents of a tree's files, hash and compress them: none of those bytes is another thread's work. */
export interface ContentThreads extends Disposable {
  /** How many threads there are. */
  readonly size: number;
  /** How many pieces can be in memory at once. */
  readonly maximumPieces: number;
  /**
   * The names of objects, by a thread that is free.
   * @returns hex sha256 of each file
   * @throws CosaError `TREE_CHANGED`, `THREAD_FAILED`; system errors, which name the file
   */
  checksums(request: Omit<ChecksumRequest, 'kind'>): Promise<string[]>;
  /** Begins a layer. One thread reads and hashes it; its pieces are compressed by all. Disposing of it forgets it. */
  layer(options: LayerOptions): LayerStream;
}

interface LayerOptions {
  /** The directory that the files' content is read from. */
  root: string;
  compression: CompressionAlgorithm;
}

export interface LayerStream extends Disposable {
  /**
   * Reads and compresses a piece as soon as there is memory for it. The bytes depend on the piece and the algorithm alone. Give it the pieces in
   * their order; results may come in any.
   * @param mayWait if false, and there is no memory now, nothing is begun
   * @returns the compressed piece to come; `undefined` if nothing was begun
   * @throws (the piece to come) CosaError `TREE_CHANGED`, `THREAD_FAILED`; system errors, which name the file
   */
  compress(piece: LayerPiece, mayWait: boolean): Promise<{ compressed: Promise<Uint8Array> } | undefined>;
  /** What the stream was, once all pieces have been read. */
  end(): Promise<StreamDigest>;
}

/** @param size how many threads; see `threadPool` */
export function contentThreads(size?: number): ContentThreads {
  const pool = threadPool<ContentRequest, ContentAnswer>(
    new URL('./content-thread.ts', import.meta.url),
    ...(size === undefined ? [] : [size]),
  );
  const maximumPieces = pool.size + sparePieces;
  // One byte more: see `readRange`.
  const buffers = createBuffers(maximumPieces, pieceBytes + 1);

  async function checksums(request: Omit<ChecksumRequest, 'kind'>): Promise<string[]> {
    return (await ask<{ checksums: string[] }>(pool, { kind: 'checksums', ...request })).checksums;
  }

  function layer({ root, compression }: LayerOptions): LayerStream {
    const lane = pool.lane();
    const name = randomUUID();
    let hasEnded = false;

    async function readAndCompress(piece: LayerPiece, free: ArrayBuffer): Promise<Uint8Array> {
      let buffer: ArrayBuffer | undefined;
      try {
        const request = { kind: 'read', layer: name, compression, root, piece, buffer: free } as const;
        const read = await ask<{ buffer: ArrayBuffer }>(lane, request, [free, piece.bytes.buffer]);
        const answer = await ask<{ compressed: Uint8Array; buffer: ArrayBuffer }>(
          pool,
          { kind: 'compress', compression, buffer: read.buffer, size: piece.size },
          [read.buffer],
        );
        buffer = answer.buffer;
        return answer.compressed;
      } finally {
        buffers.giveBack(buffer);
      }
    }

    async function end(): Promise<StreamDigest> {
      hasEnded = true;
      return ask<StreamDigest>(lane, { kind: 'end', layer: name });
    }

    return {
      async compress(piece, mayWait) {
        const free = buffers.takeNow() ?? (mayWait ? await buffers.take() : undefined);
        if (free === undefined) return undefined;
        const compressed = readAndCompress(piece, free);
        // Awaited in its turn; until then a failure must not count as unhandled.
        compressed.catch(() => undefined);
        return { compressed };
      },
      end,
      [Symbol.dispose]() {
        if (!hasEnded) end().catch(() => undefined);
        lane[Symbol.dispose]();
      },
    };
  }

  return { size: pool.size, maximumPieces, checksums, layer, [Symbol.dispose]: () => pool[Symbol.dispose]() };
}

/** The thread answers each kind of request in its own way. */
async function ask<Answer extends ContentAnswer>(
  threads: Pick<ThreadPool<ContentRequest, ContentAnswer>, 'run'>,
  request: ContentRequest,
  transfer?: readonly ArrayBuffer[],
): Promise<Answer> {
  return (await threads.run(request, transfer)) as Answer;
}
