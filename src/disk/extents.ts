/** A stretch of bytes, of a disk or a file. */
export interface Extent {
  offset: number;
  /** Bytes; never 0. */
  length: number;
}

/** Sorts extents and joins those that overlap or touch. */
export function joinExtents(extents: readonly Extent[]): Extent[] {
  const joined: Extent[] = [];
  for (const { offset, length } of [...extents].sort((a, b) => a.offset - b.offset)) {
    const last = joined.at(-1);
    if (last !== undefined && offset <= last.offset + last.length) {
      last.length = Math.max(last.length, offset + length - last.offset);
    } else {
      joined.push({ offset, length });
    }
  }
  return joined;
}
