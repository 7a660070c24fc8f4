import type { FileHandle } from 'node:fs/promises';
import type { ImageSink } from '../formats/format.ts';
import type { ImageThreads } from '../image-threads.ts';
import { gatheringSink } from './gathering-sink.ts';

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
 * Writes a file from its beginning, and hashes it meanwhile in a thread. What follows reserved room is hashed in the end.
 * @param file empty, open for reading and writing; stays open. When the sink is disposed of unfinished, a write may still be under way
 */
export function fileSink(file: FileHandle, threads: ImageThreads, signal: AbortSignal): FinishingSink {
  const hash = threads.hash();
  let position = 0;
  /** Where hashing stopped, and the stretches from there on that are no holes. */
  let unhashed: { begin: number; holes: { at: number; count: number }[] } | undefined;

  const gathered = gatheringSink(
    {
      bufferBytes,
      bufferCount,
      minimumZeros: minimumHole,
      keepsDiskApart: false,
      async pass(bytes) {
        const at = position;
        position += bytes.length;
        await Promise.all([writeFully(file, bytes, at), unhashed === undefined ? hash.update(bytes) : undefined]);
      },
      async passZeros(count) {
        const at = position;
        position += count;
        if (unhashed === undefined) await hash.updateZeros(count, signal);
        else unhashed.holes.push({ at, count });
      },
    },
    signal,
  );

  async function hashRest(begin: number, holes: readonly { at: number; count: number }[]): Promise<void> {
    const buffer = new Uint8Array(new SharedArrayBuffer(bufferBytes));
    let at = begin;
    for (const hole of [...holes, { at: position, count: 0 }]) {
      while (at < hole.at) {
        signal.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, Math.min(bufferBytes, hole.at - at), at);
        if (bytesRead === 0) throw new Error('a file that is written has become shorter');
        await hash.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
      await hash.updateZeros(hole.count, signal);
      at += hole.count;
    }
  }

  return {
    ...gathered,
    async reserve(size) {
      await gathered.settle();
      const at = position;
      unhashed ??= { begin: at, holes: [] };
      position += size;
      return async (bytes) => {
        if (bytes.length !== size) throw new Error(`${bytes.length} bytes do not fit into ${size}`);
        await writeFully(file, bytes, at);
      };
    },
    async finish() {
      await gathered.settle();
      if (unhashed !== undefined) await hashRest(unhashed.begin, unhashed.holes);
      const sha256 = await hash.end();
      await file.truncate(position);
      return { size: position, sha256 };
    },
    [Symbol.dispose]: () => hash[Symbol.dispose](),
  };
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
