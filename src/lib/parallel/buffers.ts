/**
 * A fixed number of buffers of one size, which bounds the memory of whoever shares them. A buffer that was moved to a
 * thread comes back as another object.
 */
export interface Buffers {
  /** A buffer, if one is free and nobody waits for it. Every buffer that is taken is given back. */
  takeNow(): ArrayBuffer | undefined;
  /** The same, as soon as one is free. Who holds a buffer must not ask for another. */
  take(): Promise<ArrayBuffer>;
  /** Without a buffer, if it was lost with the thread that had it. */
  giveBack(buffer?: ArrayBuffer): void;
}

/** Buffers are made when they are needed. */
export function createBuffers(count: number, bytes: number): Buffers {
  const free: ArrayBuffer[] = [];
  const takers: ((buffer: ArrayBuffer) => void)[] = [];
  let unallocated = count;

  function takeNow(): ArrayBuffer | undefined {
    if (takers.length > 0) return undefined;
    const buffer = free.pop();
    if (buffer !== undefined || unallocated === 0) return buffer;
    unallocated--;
    return new ArrayBuffer(bytes);
  }

  return {
    takeNow,
    async take() {
      return takeNow() ?? new Promise<ArrayBuffer>((resolve) => takers.push(resolve));
    },
    giveBack(buffer = new ArrayBuffer(bytes)) {
      const taker = takers.shift();
      if (taker === undefined) free.push(buffer);
      else taker(buffer);
    },
  };
}
