import type { BufferPool } from '../../lib/buffer-pool.ts';
import type { BlobSource, TransferOptions } from '../store.ts';
import { sizeMismatch } from '../verified.ts';

/** A blob's source as an upload needs it: begun anew from any offset, counted, and never longer than promised. */
export interface Feed {
  /**
   * The bytes from an offset on. The last of them are kept back until the source has ended well, so that no
   * registry ever holds the whole of something that turns out to be wrong.
   */
  open(offset: number): AsyncIterable<Buffer>;
  /** Takes a piece back that `open` has yielded, for others to come. */
  release(piece: Uint8Array): void;
  /** All bytes at once, for a small blob. */
  readAll(): Promise<Buffer>;
  /** Says how many of the blob's bytes the registry has, when it is not what was sent. */
  setPosition(position: number): void;
  /** Why the source failed; then it is not the registry's fault. */
  failure(): unknown;
}

/** @param buffers for what goes out piece by piece */
export function feedOf(source: BlobSource, buffers: BufferPool, { signal, onBytes }: TransferOptions): Feed {
  const { descriptor } = source;
  let counted = 0;
  let failure: unknown;

  function setPosition(position: number): void {
    if (position !== counted) onBytes?.(position - counted);
    counted = position;
  }

  async function* pieces(offset: number, pool?: BufferPool): AsyncGenerator<Buffer> {
    setPosition(offset);
    let held: Buffer | undefined;
    for await (const chunk of bytesFrom(offset, pool)) {
      if (held !== undefined) {
        yield held;
        setPosition(counted + held.length);
      }
      held = chunk;
    }
    if (held === undefined) return;
    yield held;
    setPosition(counted + held.length);
  }

  async function* bytesFrom(offset: number, pool: BufferPool | undefined): AsyncGenerator<Buffer> {
    let position = 0;
    try {
      for await (const chunk of source.open(signal, pool)) {
        const start = position;
        position += chunk.length;
        if (position > descriptor.size) throw sizeMismatch(descriptor, `more than ${descriptor.size}`, 'the source');
        if (position > offset) yield start >= offset ? chunk : chunk.subarray(offset - start);
      }
      if (position !== descriptor.size) throw sizeMismatch(descriptor, String(position), 'the source');
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  async function readAll(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of pieces(0)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  return {
    open: (offset) => pieces(offset, buffers),
    release: buffers.giveBack,
    readAll,
    setPosition,
    failure: () => failure,
  };
}
