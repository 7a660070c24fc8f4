import type { FileHandle } from 'node:fs/promises';
import type { ImageSink } from '../formats/format.ts';
import type { HashStream } from '../image-threads/hash-stream.ts';
import type { ImageThreads } from '../image-threads.ts';
import { earlyFlush } from './early-flush.ts';
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

/** What looks at a file's bytes besides. Bytes stay as they are until the promise settles. */
export type BytesObserver = Pick<HashStream, 'update' | 'updateZeros'>;

/**
 * Writes a file from its beginning, and hashes it meanwhile in a thread. What follows reserved room is hashed in the end.
 * @param file empty, open for reading and writing; stays open. When the sink is disposed of unfinished, a write may still be under way
 * @param observer gets all bytes in their order
 */
export function fileSink(
  file: FileHandle,
  threads: ImageThreads,
  signal: AbortSignal,
  observer?: BytesObserver,
): FinishingSink {
  const hash = threads.hash();
  const early = earlyFlush(file);
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
        await Promise.all([write(bytes, at), unhashed === undefined ? look(bytes) : undefined]);
      },
      async passZeros(count) {
        const at = position;
        position += count;
        if (unhashed === undefined) await lookAtZeros(count);
        else unhashed.holes.push({ at, count });
      },
    },
    signal,
  );

  async function write(bytes: Uint8Array, at: number): Promise<void> {
    await writeFully(file, bytes, at);
    early.wrote(bytes.length);
  }

  async function look(bytes: Uint8Array<SharedArrayBuffer>): Promise<void> {
    await Promise.all([hash.update(bytes), observer?.update(bytes)]);
  }

  async function lookAtZeros(count: number): Promise<void> {
    await Promise.all([hash.updateZeros(count, signal), observer?.updateZeros(count, signal)]);
  }

  async function hashRest(begin: number, holes: readonly { at: number; count: number }[]): Promise<void> {
    // One is read while the other is hashed.
    const buffers = [0, 1].map(() => new Uint8Array(new SharedArrayBuffer(bufferBytes)));
    const [looked, turns] = [buffers.map(() => Promise.resolve()), buffers.length];
    let turn = 0;
    let at = begin;
    for (const hole of [...holes, { at: position, count: 0 }]) {
      for (; at < hole.at; turn = (turn + 1) % turns) {
        signal.throwIfAborted();
        await looked[turn];
        const buffer = buffers[turn] as Uint8Array<SharedArrayBuffer>;
        const { bytesRead } = await file.read(buffer, 0, Math.min(bufferBytes, hole.at - at), at);
        if (bytesRead === 0) throw new Error('a file that is written has become shorter');
        looked[turn] = look(buffer.subarray(0, bytesRead));
        // Whoever waits for it is told.
        looked[turn]?.catch(() => undefined);
        at += bytesRead;
      }
      await lookAtZeros(hole.count);
      at += hole.count;
    }
    await Promise.all(looked);
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
      await early.settle();
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
