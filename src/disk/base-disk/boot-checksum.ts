import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Extent } from '../extents.ts';

/**
 * The checksum that names the kernel's directory: sha256 over the bytes of some files, one after the other. Their contents
 * come in another order, and are not kept in memory: what comes too early waits in a file.
 */
export interface BootChecksum extends Disposable {
  /**
   * Takes a file's next bytes. The files may come in any order, each as a whole.
   * @param index which of the files
   */
  write(index: number, chunk: Uint8Array): void;
  /** A file's last bytes have come. */
  close(index: number): void;
  /** @returns hex. All files have come. */
  digest(): string;
}

const readBytes = 1 << 20;

/**
 * @param count how many files there are
 * @param directory where a file is made for those that come too early. One for all: there may be thousands of descriptions
 *   of hardware among them, more than a process may have open
 */
export function bootChecksum(count: number, directory: string): BootChecksum {
  const hash = createHash('sha256');
  /** Where the bytes of the files lie that came too early, in their order. */
  const waiting = new Map<number, Extent[]>();
  const closed = new Set<number>();
  let next = 0;
  let file: number | undefined;
  let end = 0;

  function openFile(): number {
    const path = join(directory, 'early');
    const opened = openSync(path, 'wx+', 0o600);
    // It is nobody else's, and goes with this process.
    unlinkSync(path);
    return opened;
  }

  function keep(index: number, chunk: Uint8Array): void {
    file ??= openFile();
    for (let done = 0; done < chunk.length; ) {
      done += writeSync(file, chunk, done, chunk.length - done, end + done);
    }
    const extents = waiting.get(index) ?? [];
    waiting.set(index, extents);
    const last = extents.at(-1);
    if (last !== undefined && last.offset + last.length === end) last.length += chunk.length;
    else extents.push({ offset: end, length: chunk.length });
    end += chunk.length;
  }

  function hashWaiting(index: number): void {
    const buffer = Buffer.allocUnsafe(readBytes);
    for (const { offset, length } of waiting.get(index) ?? []) {
      for (let done = 0; done < length; ) {
        const read = readSync(file as number, buffer, 0, Math.min(buffer.length, length - done), offset + done);
        if (read === 0) throw new RangeError('what waits was cut off');
        hash.update(buffer.subarray(0, read));
        done += read;
      }
    }
    waiting.delete(index);
  }

  return {
    write(index, chunk) {
      if (index === next) hash.update(chunk);
      else keep(index, chunk);
    },
    close(index) {
      closed.add(index);
      while (closed.has(next)) hashWaiting(++next);
    },
    digest() {
      if (next < count) throw new RangeError(`${count - next} files have not come`);
      return hash.digest('hex');
    },
    [Symbol.dispose]() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
