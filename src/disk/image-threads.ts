import { randomUUID } from 'node:crypto';
import { type ThreadPool, threadPool } from '../lib/parallel/pool.ts';
import type { ImageAnswer, ImageRequest } from './image-thread.ts';
import type { HashRequest } from './image-threads/hash-streams.ts';

/**
 * Threads that hash and compress disk images, for any number of images at once. What they give depends on the input
 * alone, not on how many they are.
 */
export interface ImageThreads extends Disposable {
  /** How many threads there are. */
  readonly size: number;
  /** Begins a stream whose sha256 is wanted. Disposing of it forgets it. */
  hash(): HashStream;
}

/** Parts are hashed in the order of the calls. All reject with CosaError `THREAD_FAILED` where the thread has ended. */
export interface HashStream extends Disposable {
  /** @returns settles when the bytes may be changed again */
  update(bytes: Uint8Array<SharedArrayBuffer>): Promise<void>;
  updateZeros(count: number, signal: AbortSignal): Promise<void>;
  /** @returns hex sha256 of all that was given */
  end(): Promise<string>;
}

/** Zeros that are hashed at once: a tenth of a second, after which others have their turn and the signal is looked at. */
const zerosAtOnce = 128 << 20;

/** @param size how many threads; see `threadPool` */
export function imageThreads(size?: number): ImageThreads {
  const pool = threadPool<ImageRequest, ImageAnswer>(
    new URL('./image-thread.ts', import.meta.url),
    ...(size === undefined ? [] : [size]),
  );
  return { size: pool.size, hash: () => hashStream(pool), [Symbol.dispose]: () => pool[Symbol.dispose]() };
}

function hashStream(pool: ThreadPool<ImageRequest, ImageAnswer>): HashStream {
  const lane = pool.lane();
  const stream = randomUUID();
  let hasEnded = false;
  const ask = async (request: HashRequest) => lane.run(request);
  // One call's zeros are several requests, and nothing may come between them.
  let before: Promise<unknown> = Promise.resolve();

  function inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = before.then(action);
    before = result.catch(() => undefined);
    return result;
  }

  async function end(): Promise<string> {
    hasEnded = true;
    return (await inTurn(() => ask({ kind: 'hash-end', stream }))).sha256 as string;
  }

  return {
    update: async (bytes) => void (await inTurn(() => ask({ kind: 'hash', stream, bytes }))),
    updateZeros: (total, signal) =>
      inTurn(async () => {
        for (let left = total; left > 0; left -= zerosAtOnce) {
          signal.throwIfAborted();
          await ask({ kind: 'hash-zeros', stream, count: Math.min(left, zerosAtOnce) });
        }
      }),
    end,
    [Symbol.dispose]() {
      if (!hasEnded) end().catch(() => undefined);
      lane[Symbol.dispose]();
    },
  };
}
