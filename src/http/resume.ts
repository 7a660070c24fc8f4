import type { Attempts } from './retry.ts';

/** An answer that brought fewer new bytes than this is no progress: a server must not keep us for ever. */
const leastProgress = 64 * 1024;

/** A part of a content, from where it was asked for to its end or as far as the server goes. */
export interface Part {
  body: AsyncIterable<Buffer>;
  /** Where the answer ends, counted from the content's begin. */
  end: number;
}

/**
 * The bytes of a content in order; a transfer that breaks goes on where it stopped. Nobody but a digest of the whole
 * proves that parts of different answers belong together, and nobody but its reader finds out that it ends too early.
 * @param size of the whole, in bytes
 * @param open asks for what begins at an offset
 * @throws what `open` and the body throw, once `attempts` has had enough
 */
export async function* resumed(
  size: number,
  open: (offset: number) => Promise<Part>,
  attempts: Attempts,
): AsyncGenerator<Buffer> {
  let reached = 0;
  while (true) {
    const start = reached;
    try {
      const { body, end } = await open(start);
      for await (const chunk of body) {
        reached += chunk.length;
        yield chunk;
      }
      // A server may answer less than the range that was asked for.
      if (end >= size || reached < end || reached - start < leastProgress) return;
    } catch (failure) {
      if (reached - start >= leastProgress) attempts.progressed();
      await attempts.failed(failure);
    }
  }
}

/** Reads `bytes 5-9/10`, `bytes 5-9/*` and a 416's `bytes *\/10`; `end` is behind the last byte. */
export function contentRange(header: string | undefined): { start?: number; end?: number; total?: number } {
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(?:(\d+)|\*)$/.exec(header ?? '');
  const [, start, last, total] = match ?? [];
  return {
    ...(start === undefined ? {} : { start: Number(start) }),
    ...(last === undefined ? {} : { end: Number(last) + 1 }),
    ...(total === undefined ? {} : { total: Number(total) }),
  };
}

/** A body without its first bytes: for a server that sends all again. */
export async function* skip(source: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of source) {
    if (left >= chunk.length) {
      left -= chunk.length;
    } else {
      yield left === 0 ? chunk : chunk.subarray(left);
      left = 0;
    }
  }
}
