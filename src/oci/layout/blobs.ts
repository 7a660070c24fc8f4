import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BufferPool } from '../../lib/buffer-pool.ts';
import type { Digest } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { type CosaError, isSystemError, verificationError } from '../../lib/errors.ts';
import { temporaryName } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { fileChunks, openRegularFile } from '../file-content.ts';
import type { BlobWriter } from '../store.ts';
import type { Descriptor } from '../types.ts';
import { sizeMismatch, verified } from '../verified.ts';
import { blobPath, type LayoutPaths } from './paths.ts';

/** A blob's verified bytes; see `ContentReader.readBlob`. */
export async function* readBlob(
  paths: LayoutPaths,
  descriptor: Descriptor,
  signal?: AbortSignal,
  buffers?: BufferPool,
): AsyncGenerator<Buffer> {
  await using handle = await openBlob(paths, descriptor);
  const { size } = await handle.stat();
  // Told before the first byte, so that nobody works through gigabytes of the wrong thing.
  if (size !== descriptor.size) throw sizeMismatch(descriptor, String(size), paths.directory);
  yield* verified(fileChunks(handle, size, signal, buffers), descriptor, paths.directory);
}

async function openBlob(paths: LayoutPaths, descriptor: Descriptor): Promise<FileHandle> {
  try {
    return await openRegularFile(blobPath(paths, descriptor.digest));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw blobMissing(paths, descriptor.digest, error);
    throw error;
  }
}

/** The error for a blob that is referenced and not there. */
export function blobMissing(paths: LayoutPaths, digest: Digest, cause?: unknown): CosaError {
  return verificationError('BLOB_MISSING', `blob ${digest} is missing in ${paths.directory}`, {
    hint: 'copy or build the image again; "cosa fsck" finds all missing blobs',
    cause,
  });
}

/** A blob's length in bytes as it lies on disk, or `undefined` if it is not there. */
export async function blobSize(paths: LayoutPaths, digest: Digest): Promise<number | undefined> {
  const stats = await ifExists(stat(blobPath(paths, digest)));
  return stats?.isFile() ? stats.size : undefined;
}

/** Writes pieces behind each other, as far as possible with one call. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const [only, ...others] = chunks;
  if (only === undefined) return;
  if (others.length === 0) return handle.writeFile(only);
  const { bytesWritten } = await handle.writev(chunks);
  // A full disk, for one, ends a write early; the next call then says what is wrong.
  let skip = bytesWritten;
  for (const chunk of chunks) {
    if (skip < chunk.byteLength) await handle.writeFile(chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.byteLength);
  }
}

/** The directory is there but for the first time: to make sure before each of many small blobs took longer than to write it. */
async function openNew(path: string): Promise<FileHandle> {
  const openIt = () => open(path, 'wx', 0o644);
  try {
    return await openIt();
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    await makeDirectory(dirname(path));
    return openIt();
  }
}

/**
 * Begins a new blob under a temporary name; see `LocalStore.createBlob`.
 * @param known what it will be, if whoever reads the bytes verifies them: then they are not hashed a second time
 */
export async function createBlob(paths: LayoutPaths, known?: Descriptor): Promise<BlobWriter> {
  const temporary = temporaryName(join(paths.temporary, 'blob'));
  const handle = await openNew(temporary);
  const hash = createHash('sha256');
  let size = 0;
  let isOpen = true;

  async function close(): Promise<void> {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
  }

  async function write(...chunks: readonly Uint8Array[]): Promise<void> {
    // Hashing runs while the kernel takes the bytes.
    const written = writeAll(handle, chunks);
    for (const chunk of chunks) {
      if (known === undefined) hash.update(chunk);
      size += chunk.byteLength;
    }
    await written;
  }

  async function commit(): Promise<{ digest: Digest; size: number }> {
    const digest: Digest = known?.digest ?? `sha256:${hash.digest('hex')}`;
    if (known !== undefined && size !== known.size) throw sizeMismatch(known, String(size), paths.directory);
    // The directory is flushed once, when a tag makes the blob reachable.
    await handle.sync();
    await close();
    await rename(temporary, blobPath(paths, digest));
    return { digest, size };
  }

  async function abort(): Promise<void> {
    if (!isOpen) return;
    await close();
    await rm(temporary, { force: true });
  }

  return { write, commit, abort };
}
