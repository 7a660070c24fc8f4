/**
 * Buffers that are used again. Large ones that are made anew for each piece of a long stream keep the garbage collector
 * busy, for longer than it takes to read and hash the stream.
 */
export interface BufferPool {
  /** A buffer of the pool's size that nobody else holds, with any content. */
  take(): Buffer;
  /**
   * Gives a buffer back, or any part of one; the giver and everybody else has done with all of it. What does not come
   * from the pool, or was given back already, is left alone; what never comes back is collected as garbage.
   */
  giveBack(piece: Uint8Array): void;
  /** A buffer that was taken, moved to a thread, and has come back as another object: it is lent still. */
  restored(buffer: ArrayBuffer): Buffer;
}

/** @param size of each buffer, in bytes */
export function createBufferPool(size: number): BufferPool {
  const free: Buffer[] = [];
  const lent = new WeakSet<ArrayBufferLike>();
  return {
    take() {
      // Not from Node's own pool: its buffers share their memory.
      const buffer = free.pop() ?? Buffer.allocUnsafeSlow(size);
      lent.add(buffer.buffer);
      return buffer;
    },
    giveBack({ buffer }) {
      if (lent.delete(buffer)) free.push(Buffer.from(buffer));
    },
    restored(buffer) {
      if (buffer.byteLength === size) lent.add(buffer);
      return Buffer.from(buffer);
    },
  };
}
