import { randomUUID } from 'node:crypto';
import type { ThreadPool } from '../../lib/parallel/pool.ts';
import { turns } from '../../lib/parallel/turns.ts';
import type { HashAnswer, HashRequest } from './hashing.ts';

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

/** Begins a stream. Disposing of it forgets it. */
export function hashStream(pool: Pick<ThreadPool<HashRequest, HashAnswer>, 'lane'>): HashStream {
  const lane = pool.lane();
  const stream = randomUUID();
  let hasEnded = false;
  // One call's zeros are several requests, and nothing may come between them.
  const inTurn = turns();

  async function end(): Promise<string> {
    hasEnded = true;
    return (await inTurn.run(() => lane.run({ kind: 'hash-end', stream }))).sha256 as string;
  }

  return {
    update: async (bytes) => void (await inTurn.run(() => lane.run({ kind: 'hash', stream, bytes }))),
    updateZeros: (total, signal) =>
      inTurn.run(async () => {
        for (let left = total; left > 0; left -= zerosAtOnce) {
          signal.throwIfAborted();
          await lane.run({ kind: 'hash-zeros', stream, count: Math.min(left, zerosAtOnce) });
        }
      }),
    end,
    [Symbol.dispose]() {
      if (!hasEnded) end().catch(() => undefined);
      lane[Symbol.dispose]();
    },
  };
}
