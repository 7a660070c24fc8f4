import { type BufferPool, createBufferPool } from '../buffer-pool.ts';
import { verificationError } from '../errors.ts';
import { borrowThread, type Thread } from '../parallel/thread.ts';
import type { DecompressRequest } from './decompress-thread.ts';
import { decompressedBytes } from './zstd-frames.ts';
import type { DecompressAnswer } from './zstd-stream.ts';

/** Bytes of the buffers that carry a chunk to the thread. */
const inputBytes = 1024 * 1024;

/**
 * Decompresses a stream of zstd frames in a thread, which works on the next bytes while the consumer has the last ones. The
 * source is read to its end, and each chunk copied before the next one is asked for. Memory: the frame's window (128 MiB at
 * most) and some MiB, whatever a small input expands to.
 * @param output of buffers of {@link decompressedBytes}, for a consumer who gives them back
 * @throws CosaError `ZSTD_INVALID` (exit 4) for what is damaged, cut off, followed by something else, made with a
 *   dictionary or with a larger window; `THREAD_FAILED`; what the source throws
 */
export async function* decompressZstd(
  source: AsyncIterable<Uint8Array>,
  output: BufferPool = createBufferPool(decompressedBytes),
): AsyncGenerator<Buffer, void, void> {
  const thread = borrowThread<DecompressRequest, DecompressAnswer>(new URL('./decompress-thread.ts', import.meta.url));
  let isReusable = false;
  try {
    for await (const answer of answers(thread, source, output)) {
      switch (answer.kind) {
        case 'bytes': {
          const bytes = output.restored(answer.target).subarray(0, answer.length);
          if (bytes.length > 0) yield bytes;
          else output.giveBack(bytes);
          break;
        }
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
  output: BufferPool,
): AsyncGenerator<DecompressAnswer, void, void> {
  const chunks = pieces(source);
  const inputs = createBufferPool(inputBytes);

  async function ask(withChunk: boolean, begins: boolean): Promise<DecompressAnswer> {
    const chunk = withChunk ? await nextChunk() : undefined;
    const target = output.take().buffer as ArrayBuffer;
    return thread.request({ begins, chunk, target }, chunk === undefined ? [target] : [target, chunk.buffer]);
  }

  async function nextChunk(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { value, done } = await chunks.next();
    if (done === true) return undefined;
    const copy = inputs.take() as Uint8Array<ArrayBuffer>;
    copy.set(value);
    return copy.subarray(0, value.length);
  }

  let next = ask(true, true);
  try {
    for (;;) {
      const answer = await next;
      if (answer.kind === 'bytes') {
        if (answer.read !== undefined) inputs.giveBack(inputs.restored(answer.read));
        next = ask(answer.isHungry, false);
        // Awaited in its turn; until then a failure must not count as unhandled.
        next.catch(() => undefined);
      }
      yield answer;
      if (answer.kind !== 'bytes') return;
    }
  } finally {
    await chunks.return();
  }
}

/** Chunks that fit into a buffer. */
async function* pieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += inputBytes) yield chunk.subarray(at, at + inputBytes);
  }
}
