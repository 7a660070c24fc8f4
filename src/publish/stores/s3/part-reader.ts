import { createHash } from 'node:crypto';
import { type BufferPool, createBufferPool } from '../../../lib/buffer-pool.ts';
import { byteSource } from '../../../lib/byte-source.ts';
import { sourceChanged } from '../../object-errors.ts';
import type { UploadSource } from '../../object-store.ts';

/** A part of a content, in memory. */
interface Part {
  bytes: Buffer;
  /** Gives the memory back. */
  release(): void;
}

/** Reads a source once, in order, in parts, and hashes it in the same pass. */
export interface PartReader extends AsyncDisposable {
  /** The next part; callers are served one after the other. @throws CosaError `UPLOAD_SOURCE_CHANGED` (exit 4) */
  next(): Promise<Part>;
  /** Checks the whole, after its last part. @throws CosaError `UPLOAD_SOURCE_CHANGED` (exit 4) */
  finish(): Promise<void>;
}

/** @param key for errors */
export function readParts(
  source: UploadSource,
  key: string,
  partSize: number,
  signal: AbortSignal | undefined,
): PartReader {
  const { size, sha256 } = source;
  const hash = createHash('sha256');
  const pool: BufferPool = createBufferPool(partSize);
  const bytes = byteSource(source.open(0, size, signal));
  let position = 0;
  let turn: Promise<unknown> = Promise.resolve();

  async function read(): Promise<Part> {
    const length = Math.min(partSize, size - position);
    const buffer = pool.take();
    let filled = 0;
    while (filled < length) {
      const piece = await bytes.takeSome(length - filled);
      if (piece.length === 0) throw sourceChanged(key);
      piece.copy(buffer, filled);
      filled += piece.length;
    }
    position += length;
    const part = buffer.subarray(0, length);
    hash.update(part);
    return { bytes: part, release: () => pool.giveBack(buffer) };
  }

  return {
    next() {
      const mine = turn.then(read);
      turn = mine.catch(() => undefined);
      return mine;
    },
    async finish() {
      const more = await bytes.takeSome(1);
      if (more.length > 0 || position !== size || hash.digest('hex') !== sha256) throw sourceChanged(key);
    },
    async [Symbol.asyncDispose]() {
      await turn;
      await bytes.close();
    },
  };
}
