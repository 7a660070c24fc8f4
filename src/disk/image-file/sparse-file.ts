import { open } from 'node:fs/promises';
import { borrowThread } from '../../lib/parallel/thread.ts';
import { earlyFlush } from './early-flush.ts';
import type { SparseWriteRequest } from './sparse-write.ts';

/** How many bytes are written at once, or more: not so many that they have left the processor's cache by then. */
const writeSize = 1 << 18;
/** How many bytes wait while others are written, before the stream has to. */
const mostWaiting = 2 << 20;

/**
 * Writes a file from a stream, with holes where it has long stretches of zeros. What was written up to an error is left to
 * the caller, who knows the file by a temporary name.
 *
 * A thread writes, and the pieces are moved there: this one would search all of a program's memory for garbage again and
 * again to be rid of them, that one has next to none to search.
 * @param path does not exist yet
 * @param chunks they are this function's once they are yielded: nobody else reads them any more
 * @throws what the stream throws; the system's error, such as `ENOSPC`; CosaError `THREAD_FAILED`
 */
export async function writeSparseFile(path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  await using file = await open(path, 'wx', 0o644);
  const thread = borrowThread<SparseWriteRequest, undefined>(new URL('./sparse-file-thread.ts', import.meta.url));
  let position = 0;
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let waitingBytes = 0;
  let written: Promise<unknown> = Promise.resolve();
  /** So many bytes are passed on. */
  let enough = writeSize;
  const early = earlyFlush(file);
  /** Of what the thread writes just now. */
  let underWay = 0;

  /** Begins to write what waits; the next pieces come in meanwhile. */
  async function write(): Promise<void> {
    await written;
    early.wrote(underWay);
    underWay = 0;
    if (waitingBytes === 0) return;
    enough = mostWaiting;
    const request = { file: file.fd, position, pieces: waiting };
    written = thread
      .request(
        request,
        waiting.map(({ buffer }) => buffer),
      )
      .finally(() => {
        enough = writeSize;
      });
    // Whoever waits for it is told: at the next piece, or at the end.
    written.catch(() => undefined);
    position += waitingBytes;
    underWay = waitingBytes;
    waiting = [];
    waitingBytes = 0;
  }

  try {
    for await (const chunk of chunks) {
      if (chunk.length === 0) continue;
      waiting.push(movable(chunk));
      waitingBytes += chunk.length;
      if (waitingBytes >= enough) await write();
    }
    await write();
    await written;
    await file.truncate(position);
  } finally {
    // The file must not be closed under them.
    await Promise.allSettled([written, early.settle()]);
    thread.giveBack();
  }
  await early.settle();
}

/** With a buffer of its own: what shares one with others cannot be moved. */
function movable(chunk: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = chunk;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isAlone ? new Uint8Array(buffer) : new Uint8Array(chunk);
}
