import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

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
 * @param directory where files that come too early wait, under names of ours
 */
export function bootChecksum(count: number, directory: string): BootChecksum {
  const hash = createHash('sha256');
  const waiting = new Map<number, number>();
  const closed = new Set<number>();
  let next = 0;

  function waitingFile(index: number): number {
    const known = waiting.get(index);
    if (known !== undefined) return known;
    const path = join(directory, `early-${index}`);
    const file = openSync(path, 'wx+', 0o600);
    // It is nobody else's, and goes with this process.
    unlinkSync(path);
    waiting.set(index, file);
    return file;
  }

  function hashWaiting(index: number): void {
    const file = waiting.get(index);
    if (file === undefined) return;
    const buffer = Buffer.allocUnsafe(readBytes);
    let position = 0;
    for (let count = -1; count !== 0; position += count) {
      count = readSync(file, buffer, 0, buffer.length, position);
      hash.update(buffer.subarray(0, count));
    }
    closeSync(file);
    waiting.delete(index);
  }

  return {
    write(index, chunk) {
      if (index === next) {
        hash.update(chunk);
        return;
      }
      const file = waitingFile(index);
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
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
      for (const file of waiting.values()) closeSync(file);
      waiting.clear();
    },
  };
}
