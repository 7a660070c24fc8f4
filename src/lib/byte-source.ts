/** Takes exact counts of bytes from chunks of any size, and knows where it is. */
export interface ByteSource {
  /** Bytes taken so far. */
  readonly offset: number;
  /**
   * The next `count` bytes in one piece; fewer at the end of the stream alone. A view of the chunk where
   * possible: copy what is to be kept.
   */
  take(count: number): Promise<Buffer>;
  /** The next piece of at most `limit` bytes, without copying; empty at the end of the stream alone. */
  takeSome(limit: number): Promise<Buffer>;
  /** Ends the iteration of what lies below. */
  close(): Promise<void>;
}

const nothing = Buffer.alloc(0);

/** Reads an iterable of chunks as a {@link ByteSource}. */
export function byteSource(chunks: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]();
  let current: Buffer = nothing;
  let offset = 0;
  let ended = false;

  async function refill(): Promise<void> {
    while (current.length === 0 && !ended) {
      // Of the last chunk nothing is kept, not even its end: its buffer may be moved elsewhere.
      current = nothing;
      const next = await iterator.next();
      if (next.done === true) ended = true;
      else current = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
  }

  function cut(count: number): Buffer {
    const piece = current.subarray(0, count);
    current = current.subarray(piece.length);
    offset += piece.length;
    return piece;
  }

  return {
    get offset() {
      return offset;
    },
    async take(count) {
      if (current.length >= count) return cut(count);
      const pieces: Buffer[] = [];
      let missing = count;
      while (missing > 0) {
        await refill();
        if (current.length === 0) break;
        const piece = cut(missing);
        // The source may use its chunk again once the next one is asked for.
        pieces.push(piece.length < missing ? Buffer.from(piece) : piece);
        missing -= piece.length;
      }
      return Buffer.concat(pieces);
    },
    async takeSome(limit) {
      if (current.length === 0) await refill();
      return cut(limit);
    },
    async close() {
      await iterator.return?.();
    },
  };
}
