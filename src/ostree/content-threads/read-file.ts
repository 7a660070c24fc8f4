import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CosaError } from '../../lib/errors.ts';

// Reading is synchronous on purpose: this runs in threads of its own, and most files are smaller than what a promise costs.

/** A file of a tree that was scanned. */
export interface ScannedFile {
  /** Absolute path in the tree. */
  path: string;
  /** Bytes. */
  size: number;
}

/** A part of a file. */
export interface FileRange extends ScannedFile {
  offset: number;
  /** Bytes from there. */
  count: number;
}

/**
 * Has a file open for as long as an action takes.
 * @throws system errors, which name the file
 */
export function withOpenFile<T>(root: string, path: string, action: (descriptor: number) => T): T {
  const file = join(root, path);
  // What has become a link, or a pipe without a writer, neither leads elsewhere nor blocks.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return action(descriptor);
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    // Node names the file of an open, and not that of a read.
    if (error instanceof Error && syscall === 'read') error.message += ` '${file}'`;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads a range of an open file into a buffer. The byte behind its place in the buffer is overwritten where the range ends
 * with the file: so one call to the system both reads a small file and sees that it has not grown.
 * @param at where in the buffer, which has room for one byte more than the range
 * @throws CosaError `TREE_CHANGED` if the file is not as long as it was; system errors
 */
export function readRange(descriptor: number, range: FileRange, buffer: Uint8Array, at: number): void {
  const isEnd = range.offset + range.count === range.size;
  const wanted = range.count + (isEnd ? 1 : 0);
  let done = 0;
  let count: number;
  do {
    count = readSync(descriptor, buffer, at + done, wanted - done, range.offset + done);
    done += count;
  } while (count > 0 && done < range.count);
  if (done !== range.count) throw treeChanged(range.path);
}

/** The error for a file that something else writes to. */
function treeChanged(path: string): CosaError {
  return new CosaError('TREE_CHANGED', `${path} has changed since the tree was scanned`, {
    hint: 'something else writes to the work directory: stop it and run the build again',
  });
}
