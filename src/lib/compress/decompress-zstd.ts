import { verificationError } from '../errors.ts';
import { borrowThread, type Thread } from '../parallel/thread.ts';
import type { DecompressAnswer, DecompressRequest } from './decompress-thread.ts';

/**
 * Decompresses a stream of zstd frames in a thread, which works on the next bytes while the consumer has the last ones. The
 * source is read to its end. Memory: the frame's window (128 MiB at most) and some MiB, whatever a small input expands to.
 * @throws CosaError `ZSTD_INVALID` (exit 4) for what is damaged, cut off, followed by something else, made with a
 *   dictionary or with a larger window; `THREAD_FAILED`; what the source throws
 */
export async function* decompressZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  const thread = borrowThread<DecompressRequest, DecompressAnswer>(new URL('./decompress-thread.ts', import.meta.url));
  let isReusable = false;
  try {
    for await (const answer of answers(thread, source)) {
      switch (answer.kind) {
        case 'bytes':
          if (answer.bytes.length > 0) yield Buffer.from(answer.bytes.buffer);
          break;
        case 'end':
          isReusable = true;
          break;
        case 'invalid':
          throw verificationError('ZSTD_INVALID', `the zstd stream cannot be read: ${answer.reason}`, {
            hint: 'it is damaged: get or make it again',
          });
      }
    }
  } finally {
    if (isReusable) thread.giveBack();
    else thread.terminate();
  }
}

/** The thread's answers. The next one is asked for before this one is given. */
async function* answers(
  thread: Thread<DecompressRequest, DecompressAnswer>,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<DecompressAnswer, void, void> {
  const input = source[Symbol.asyncIterator]();

  async function ask(withChunk: boolean, begins: boolean): Promise<DecompressAnswer> {
    if (!withChunk) return thread.request({ begins, chunk: undefined });
    const { value, done } = await input.next();
    // A copy of its own: a chunk may be a small part of a buffer that others use.
    const chunk = done === true ? undefined : new Uint8Array(value);
    return thread.request({ begins, chunk }, chunk === undefined ? [] : [chunk.buffer]);
  }

  let next = ask(true, true);
  try {
    for (;;) {
      const answer = await next;
      if (answer.kind === 'bytes') {
        next = ask(answer.isHungry, false);
        // Awaited in its turn; until then a failure must not count as unhandled.
        next.catch(() => undefined);
      }
      yield answer;
      if (answer.kind !== 'bytes') return;
    }
  } finally {
    await input.return?.();
  }
}
