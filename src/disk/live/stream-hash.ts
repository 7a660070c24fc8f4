import type { BytesObserver } from '../image-file/file-sink.ts';
import type { HashStream } from '../image-threads/hash-stream.ts';
import type { ImageThreads } from '../image-threads.ts';

/** Bytes of a stretch that is hashed by itself. */
const chunkBytes = 2 * 1024 * 1024;

/** Hashes bytes that come one after the other, part by part. */
interface StreamHash extends BytesObserver, Disposable {
  /**
   * The hashes by which whoever downloads the bytes can check each part before it is used, as text: a first line that says
   * what they are, and a hex sha256 for each 2 MiB.
   * @throws CosaError `THREAD_FAILED`
   */
  end(): Promise<string>;
}

export function streamHash(threads: Pick<ImageThreads, 'hash'>): StreamHash {
  const lines = [`stream-hash sha256 ${chunkBytes}`];
  let chunk: HashStream | undefined;
  let left = chunkBytes;
  /** Parts follow each other, whenever they are given. */
  let last: Promise<unknown> = Promise.resolve();

  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  async function endChunk(): Promise<void> {
    if (chunk === undefined) return;
    lines.push(await chunk.end());
    chunk[Symbol.dispose]();
    chunk = undefined;
    left = chunkBytes;
  }

  /** Gives chunks of so many bytes theirs. */
  async function take(
    total: number,
    part: (into: HashStream, from: number, count: number) => Promise<void>,
  ): Promise<void> {
    for (let done = 0; done < total; ) {
      chunk ??= threads.hash();
      const count = Math.min(left, total - done);
      await part(chunk, done, count);
      done += count;
      left -= count;
      if (left === 0) await endChunk();
    }
  }

  return {
    update: (bytes) =>
      inTurn(() => take(bytes.length, (into, from, count) => into.update(bytes.subarray(from, from + count)))),
    updateZeros: (total, signal) => inTurn(() => take(total, (into, _from, count) => into.updateZeros(count, signal))),
    async end() {
      await inTurn(endChunk);
      return `${lines.join('\n')}\n`;
    },
    [Symbol.dispose]: () => chunk?.[Symbol.dispose](),
  };
}
