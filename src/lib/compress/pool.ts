import { availableParallelism } from 'node:os';
import { borrowThread, type Thread } from '../parallel/thread.ts';
import { type CompressionAlgorithm, pieceBytes } from './algorithms.ts';
import type { CompressAnswer, CompressRequest } from './compress-thread.ts';

/** Reading and hashing the input is one thread's work, which is not enough for more compressors than this. */
const maximumThreads = 8;

/** Buffers more than there are threads: the next pieces are filled while all threads work. */
const spareBuffers = 2;

/**
 * Threads that compress pieces, and the buffers for them: whoever has a buffer may fill it and have it compressed. There
 * is a fixed number of them, which bounds the memory, however many streams share the pool.
 */
export interface CompressionPool extends Disposable {
  /** How many pieces can be under way at once. */
  readonly size: number;
  /** A buffer of `pieceBytes` bytes, if one is free and nobody waits for it. Give it to `compress` or `giveBack`. */
  takeNow(): ArrayBuffer | undefined;
  /** The same, as soon as one is free. Who holds a buffer must not ask for another. */
  take(): Promise<ArrayBuffer>;
  giveBack(buffer: ArrayBuffer): void;
  /**
   * Compresses the beginning of a buffer, which goes back to the pool.
   * @param size bytes that count
   * @returns what `CompressAnswer` says
   * @throws CosaError `THREAD_FAILED`
   */
  compress(algorithm: CompressionAlgorithm, buffer: ArrayBuffer, size: number): Promise<Uint8Array>;
}

/** Threads start when there is work for them. What is under way when the pool is disposed of fails. */
export function compressionPool(threads = Math.min(availableParallelism(), maximumThreads)): CompressionPool {
  const size = threads + spareBuffers;
  const buffers: ArrayBuffer[] = [];
  let unallocated = size;
  const takers: ((buffer: ArrayBuffer) => void)[] = [];
  const workers = new Set<Thread<CompressRequest, CompressAnswer>>();
  const idle: Thread<CompressRequest, CompressAnswer>[] = [];
  const jobs: ((thread: Thread<CompressRequest, CompressAnswer>) => void)[] = [];

  function takeNow(): ArrayBuffer | undefined {
    if (takers.length > 0) return undefined;
    const buffer = buffers.pop();
    if (buffer !== undefined || unallocated === 0) return buffer;
    unallocated--;
    return new ArrayBuffer(pieceBytes);
  }

  async function take(): Promise<ArrayBuffer> {
    return takeNow() ?? new Promise<ArrayBuffer>((resolve) => takers.push(resolve));
  }

  function giveBack(buffer: ArrayBuffer): void {
    const taker = takers.shift();
    if (taker === undefined) buffers.push(buffer);
    else taker(buffer);
  }

  async function thread(): Promise<Thread<CompressRequest, CompressAnswer>> {
    const free = idle.pop();
    if (free !== undefined) return free;
    if (workers.size === threads) return new Promise((resolve) => jobs.push(resolve));
    const borrowed = borrowThread<CompressRequest, CompressAnswer>(new URL('./compress-thread.ts', import.meta.url));
    workers.add(borrowed);
    return borrowed;
  }

  function release(released: Thread<CompressRequest, CompressAnswer>): void {
    const job = jobs.shift();
    if (job === undefined) idle.push(released);
    else job(released);
  }

  async function compress(algorithm: CompressionAlgorithm, buffer: ArrayBuffer, count: number): Promise<Uint8Array> {
    const worker = await thread();
    let answer: CompressAnswer | undefined;
    try {
      answer = await worker.request({ algorithm, buffer, size: count }, [buffer]);
      return answer.compressed;
    } finally {
      // Whoever waits gets a thread in any case: one that has failed fails the next job as well, and nothing hangs.
      release(worker);
      giveBack(answer?.buffer ?? new ArrayBuffer(pieceBytes));
    }
  }

  function dispose(): void {
    for (const worker of workers) worker.giveBack();
  }

  return { size, takeNow, take, giveBack, compress, [Symbol.dispose]: dispose };
}
