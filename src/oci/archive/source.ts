import type { FileHandle } from 'node:fs/promises';
import { isSystemError, usageError, verificationError } from '../../lib/errors.ts';
import { openRegularFile } from '../file-content.ts';
import { emptyIndex } from '../layout/index-document.ts';
import type { LayoutSource } from '../layout/reader.ts';
import type { Descriptor } from '../types.ts';
import { sizeMismatch, verified } from '../verified.ts';
import { type ArchiveContents, readArchiveContents } from './contents.ts';

const readSize = 1024 * 1024;
const empty: ArchiveContents = { index: emptyIndex, blobs: new Map(), symlinks: new Map() };

/** An archive's files: {@link LayoutSource}, and everything that is in it. */
export interface ArchiveSource extends LayoutSource {
  contents(): Promise<ArchiveContents>;
}

/**
 * Reads an archive where it lies. What it holds is found out once, and again if another file takes its place.
 * @param ifMissing whether a file that is not there is an error, or an archive that holds nothing yet
 */
export function archiveSource(file: string, ifMissing: 'error' | 'empty'): ArchiveSource {
  let known: { identity: string; contents: Promise<ArchiveContents> } | undefined;

  async function contentsOf(handle: FileHandle): Promise<ArchiveContents> {
    const { dev, ino, size, mtimeNs } = await handle.stat({ bigint: true });
    const identity = [dev, ino, size, mtimeNs].join(' ');
    if (known?.identity !== identity) known = { identity, contents: readArchiveContents(handle, file) };
    return known.contents;
  }

  async function openIfThere(): Promise<FileHandle | undefined> {
    try {
      return await openRegularFile(file);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error;
      if (ifMissing === 'empty') return undefined;
      throw usageError('ARCHIVE_MISSING', `there is no archive ${file}`, { cause: error });
    }
  }

  async function contents(): Promise<ArchiveContents> {
    await using handle = await openIfThere();
    return handle === undefined ? empty : await contentsOf(handle);
  }

  return {
    contents,
    index: async () => (await contents()).index,
    blobSize: async (digest) => (await contents()).blobs.get(digest)?.size,
    async *readBlob(descriptor, signal) {
      // One handle for both: the offsets are those of the file that is read.
      await using handle = await openIfThere();
      const { blobs, symlinks } = handle === undefined ? empty : await contentsOf(handle);
      const place = blobs.get(descriptor.digest);
      if (handle === undefined || place === undefined) {
        throw blobMissing(descriptor, file, symlinks.get(descriptor.digest));
      }
      if (place.size !== descriptor.size) throw sizeMismatch(descriptor, String(place.size), file);
      yield* verified(readRange(handle, place.offset, place.size, signal), descriptor, file);
    },
  };
}

async function* readRange(
  handle: FileHandle,
  offset: number,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let done = 0; done < size; ) {
    signal?.throwIfAborted();
    const length = Math.min(readSize, size - done);
    // A new buffer each time: the consumer may keep what it was given.
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset + done);
    if (bytesRead === 0) return;
    done += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function blobMissing(descriptor: Descriptor, file: string, symlink: string | undefined) {
  const why = symlink === undefined ? 'is missing' : `is a symbolic link, to ${JSON.stringify(symlink)},`;
  return verificationError('BLOB_MISSING', `blob ${descriptor.digest} ${why} in ${file}`, {
    hint: `get or make the archive again${symlink === undefined ? '' : '; tar writes files for links with --dereference'}`,
  });
}
