import type { FileHandle } from 'node:fs/promises';
import type { ImageSink } from '../formats/format.ts';
import type { ImageThreads } from '../image-threads.ts';

const bufferBytes = 1 << 20;
/** One is filled while others are written and hashed. */
const bufferCount = 6;
/** Fewer zeros than this are written: a hole is not worth a call to the system. */
const minimumHole = 65536;

/** A file that was written, or what it decompresses to. */
export interface WrittenFile {
  /** Bytes, holes included. */
  size: number;
  /** Hex sha256. */
  sha256: string;
}

/** A sink whose end is wanted. */
export interface FinishingSink extends ImageSink, Disposable {
  /** Settles when all is written. @throws as `ImageSink` */
  finish(): Promise<WrittenFile>;
}

/**
 * Writes a file from its beginning, and hashes it meanwhile in a thread.
 * @param file empty, open for writing; stays open. When the sink is disposed of unfinished, a write may still be under way
 */
export function fileSink(file: FileHandle, threads: ImageThreads, signal: AbortSignal): FinishingSink {
  const hash = threads.hash();
  const ring = bufferRing();
  let current: Uint8Array<SharedArrayBuffer> | undefined;
  let filled = 0;
  /** Of the next byte in the buffer that is filled. */
  let position = 0;
  let failure: { error: unknown } | undefined;

  function fail(error: unknown): void {
    failure ??= { error };
  }

  function refuse(): void {
    signal.throwIfAborted();
    if (failure !== undefined) throw failure.error;
  }

  /** Room in the buffer that is filled, at most so many bytes of it. */
  async function room(wanted: number): Promise<Uint8Array> {
    refuse();
    current ??= await ring.take();
    refuse();
    return current.subarray(filled, Math.min(filled + wanted, bufferBytes));
  }

  function advance(count: number): void {
    filled += count;
    position += count;
    if (filled === bufferBytes) flush();
  }

  function flush(): void {
    if (current === undefined || filled === 0) return;
    const buffer = current;
    const bytes = buffer.subarray(0, filled);
    const written = Promise.all([writeFully(file, bytes, position - filled), hash.update(bytes)]);
    void written.catch(fail).then(() => ring.giveBack(buffer));
    current = undefined;
    filled = 0;
  }

  return {
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const place = await room(bytes.length - done);
        place.set(bytes.subarray(done, done + place.length));
        done += place.length;
        advance(place.length);
      }
    },
    async appendZeros(count) {
      if (count < minimumHole) {
        for (let left = count; left > 0; ) {
          const place = (await room(left)).fill(0);
          left -= place.length;
          advance(place.length);
        }
        return;
      }
      refuse();
      flush();
      position += count;
      hash.updateZeros(count, signal).catch(fail);
    },
    async appendDisk(disk, from, length) {
      for (let done = 0; done < length; ) {
        const place = await room(length - done);
        await disk.read(from + done, place);
        done += place.length;
        advance(place.length);
      }
    },
    async finish() {
      flush();
      await ring.settled();
      refuse();
      const sha256 = await hash.end();
      refuse();
      await file.truncate(position);
      return { size: position, sha256 };
    },
    [Symbol.dispose]: () => hash[Symbol.dispose](),
  };
}

/** Buffers that threads share with this one, which bound the memory. */
function bufferRing() {
  const free: Uint8Array<SharedArrayBuffer>[] = [];
  const takers: ((buffer: Uint8Array<SharedArrayBuffer>) => void)[] = [];
  let made = 0;
  let lent = 0;
  let whenSettled: (() => void) | undefined;

  return {
    async take(): Promise<Uint8Array<SharedArrayBuffer>> {
      lent++;
      const buffer = free.pop();
      if (buffer !== undefined) return buffer;
      if (made === bufferCount) return new Promise((resolve) => takers.push(resolve));
      made++;
      return new Uint8Array(new SharedArrayBuffer(bufferBytes));
    },
    giveBack(buffer: Uint8Array<SharedArrayBuffer>): void {
      lent--;
      const taker = takers.shift();
      if (taker === undefined) free.push(buffer);
      else taker(buffer);
      if (lent === 0) whenSettled?.();
    },
    /** Settles when all buffers are back. */
    async settled(): Promise<void> {
      if (lent > 0) await new Promise<void>((resolve) => (whenSettled = resolve));
    },
  };
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
