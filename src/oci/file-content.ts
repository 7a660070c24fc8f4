import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { BufferPool } from '../lib/buffer-pool.ts';
import { verificationError } from '../lib/errors.ts';

const readSize = 1024 * 1024;

/**
 * Opens a file for reading without ever blocking on a pipe or device that stands in its place.
 * @throws CosaError `BLOB_NOT_A_FILE` (exit 4), system errors
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const isFile = await handle.stat().then((stats) => stats.isFile());
  if (isFile) return handle;
  await handle.close();
  throw verificationError('BLOB_NOT_A_FILE', `${path} is not a regular file`);
}

/** As many bytes from a file's begin, fewer if it has no more. */
export async function* fileChunks(
  handle: FileHandle,
  size: number,
  signal: AbortSignal | undefined,
  buffers: BufferPool | undefined,
): AsyncGenerator<Buffer> {
  let left = size;
  while (left > 0) {
    signal?.throwIfAborted();
    // Without a pool a new buffer each time: the consumer may keep what it was given.
    const buffer = buffers?.take() ?? Buffer.allocUnsafe(Math.min(left, readSize));
    const { bytesRead } = await handle.read(buffer, 0, Math.min(left, buffer.length), null);
    if (bytesRead === 0) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
