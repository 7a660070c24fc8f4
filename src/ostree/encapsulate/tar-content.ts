import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import type { FilePart, LayerParts } from './layer-parts.ts';

/** A layer's tar stream, read at its consumer's pace. */
export interface TarContent extends Disposable {
  /**
   * Fills a buffer from its beginning.
   * @returns how many bytes it got: less than it holds only at the stream's end
   * @throws CosaError `TREE_CHANGED` if a file is not as long as when it was scanned; system errors
   */
  fill(buffer: Buffer): number;
}

/** A file that is being read. */
interface OpenFile {
  part: FilePart;
  descriptor: number;
  /** Bytes that are still to come. */
  left: number;
}

/**
 * Puts a layer's tar stream together. Reading is synchronous on purpose: most files are smaller than what a round
 * through the thread pool costs, and no read is larger than the buffer.
 * @param root the directory that the parts' paths lie in
 */
export function tarContent(parts: LayerParts, root: string): TarContent {
  let rest: Buffer = Buffer.alloc(0);
  let file: OpenFile | undefined;

  function open(part: FilePart): OpenFile {
    const descriptor = openSync(join(root, part.path), constants.O_RDONLY | constants.O_NOFOLLOW);
    const opened = { part, descriptor, left: part.size };
    if (fstatSync(descriptor).size === part.size) return opened;
    closeSync(descriptor);
    throw changed(part);
  }

  function close(): void {
    if (file !== undefined) closeSync(file.descriptor);
    file = undefined;
  }

  /** Reads from the open file, and closes it after its last byte. */
  function read(from: OpenFile, buffer: Buffer, position: number): number {
    const count = readSync(from.descriptor, buffer, position, Math.min(from.left, buffer.length - position), null);
    if (count === 0) throw changed(from.part);
    from.left -= count;
    if (from.left === 0) close();
    return count;
  }

  /** @returns false if there is nothing more */
  function next(): boolean {
    const { value, done } = parts.next();
    if (done === true) return false;
    if (Buffer.isBuffer(value)) rest = value;
    else if (value.size > 0) file = open(value);
    return true;
  }

  return {
    fill(buffer) {
      let used = 0;
      while (used < buffer.length) {
        if (rest.length > 0) {
          const count = rest.copy(buffer, used);
          rest = rest.subarray(count);
          used += count;
        } else if (file !== undefined) {
          used += read(file, buffer, used);
        } else if (!next()) {
          break;
        }
      }
      return used;
    },
    [Symbol.dispose]: close,
  };
}

function changed(file: FilePart): CosaError {
  return new CosaError('TREE_CHANGED', `${file.path} has changed since the tree was scanned`, {
    hint: 'something else writes to the work directory: stop it and run the build again',
  });
}
