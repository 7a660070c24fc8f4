import { open } from 'node:fs/promises';
import type { BufferPool } from '../../lib/buffer-pool.ts';
import { gatheringSink } from './gathering-sink.ts';

const bufferBytes = 1 << 20;
/** One is filled while others are written. */
const bufferCount = 4;
/** Zeros that fill a whole unit of the file become a hole. */
const unit = 65536;
const zeros = Buffer.alloc(unit);

/**
 * Writes a file from a stream, with holes where it has long stretches of zeros. What was written up to an error is left to
 * the caller, who knows the file by a temporary name.
 * @param path does not exist yet
 * @param pool gets the stream's buffers back
 * @throws what the stream throws; the system's error, such as `ENOSPC`; the signal's reason
 */
export async function writeSparseFile(
  path: string,
  chunks: AsyncIterable<Buffer>,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(path, 'wx', 0o644);
  let position = 0;
  const sink = gatheringSink(
    {
      bufferBytes,
      bufferCount,
      minimumZeros: unit,
      keepsDiskApart: false,
      async pass(bytes) {
        const at = position;
        position += bytes.length;
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
        }
      },
      async passZeros(count) {
        position += count;
      },
    },
    signal,
  );
  /** Of all bytes so far. */
  let taken = 0;
  for await (const chunk of chunks) {
    for (let done = 0; done < chunk.length; ) {
      const piece = chunk.subarray(done, done + unit - (taken % unit));
      const isHole = piece.length === unit && piece.equals(zeros);
      await (isHole ? sink.appendZeros(unit) : sink.append(piece));
      done += piece.length;
      taken += piece.length;
    }
    pool.giveBack(chunk);
  }
  await sink.settle();
  await file.truncate(position);
}
