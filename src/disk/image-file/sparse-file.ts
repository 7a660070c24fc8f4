import { open } from 'node:fs/promises';

/** How many bytes are written at once. */
const writeSize = 1 << 20;
/** How many bytes lie in the system's memory before it is told to bring them to the disk, while others come in. */
const flushSize = 64 << 20;
/** A stretch of the file of which it is seen whether it is a hole. */
const unit = 65536;
/** Fewer zeros than this are written: a hole is not worth a call to the system. */
const minimumHole = 4096;
const zeros = Buffer.alloc(unit);

/**
 * Writes a file from a stream, with holes where it has long stretches of zeros. What was written up to an error is left to
 * the caller, who knows the file by a temporary name.
 * @param path does not exist yet
 * @throws what the stream throws; the system's error, such as `ENOSPC`
 */
export async function writeSparseFile(path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  await using file = await open(path, 'wx', 0o644);
  let position = 0;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let written: Promise<unknown> = Promise.resolve();
  let flushed: Promise<unknown> = Promise.resolve();
  let unflushed = 0;

  /** Begins to write what waits; the next pieces come in meanwhile. */
  async function write(): Promise<void> {
    await written;
    if (waitingBytes === 0) return;
    const pieces = waiting;
    const at = position - waitingBytes;
    unflushed += waitingBytes;
    waiting = [];
    waitingBytes = 0;
    written = writeFully(pieces, at);
    // Whoever waits for it is told: at the next piece, or at the end.
    written.catch(() => undefined);
    if (unflushed < flushSize) return;
    unflushed = 0;
    flushed = Promise.all([flushed, file.datasync()]);
    flushed.catch(() => undefined);
  }

  async function writeFully(pieces: readonly Buffer[], at: number): Promise<void> {
    const { bytesWritten } = await file.writev(pieces, at);
    // A full disk, for one, ends a write early; the next call then says what is wrong.
    let skip = bytesWritten;
    let begin = at;
    for (const piece of pieces) {
      for (let done = Math.min(skip, piece.length); done < piece.length; ) {
        done += (await file.write(piece, done, piece.length - done, begin + done)).bytesWritten;
      }
      skip = Math.max(0, skip - piece.length);
      begin += piece.length;
    }
  }

  try {
    for await (const chunk of chunks) {
      for (let done = 0; done < chunk.length; ) {
        const piece = chunk.subarray(done, done + unit - (position % unit));
        done += piece.length;
        if (isHole(piece)) {
          await write();
          position += piece.length;
        } else {
          position += piece.length;
          waiting.push(piece);
          waitingBytes += piece.length;
          if (waitingBytes >= writeSize) await write();
        }
      }
    }
    await write();
    await written;
    await file.truncate(position);
  } finally {
    // The file must not be closed under them.
    await Promise.allSettled([written, flushed]);
  }
  await flushed;
}

function isHole(piece: Buffer): boolean {
  if (piece.length < minimumHole || piece[0] !== 0 || piece[piece.length - 1] !== 0) return false;
  return piece.equals(piece.length === unit ? zeros : zeros.subarray(0, piece.length));
}
