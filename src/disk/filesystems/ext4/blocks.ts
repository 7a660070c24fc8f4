import { blocksPerGroup, fixedBlocks, type Geometry, type Run } from './geometry.ts';

/** Gives out blocks, ascending, and knows which are in use. */
export interface Blocks {
  /** The next free blocks: as many as wanted, or those up to the next fixed ones. At least one. */
  take(wanted: number): Run;
  /** Counts a stretch as in use. What was taken and is never used is free in the end. */
  use(run: Run): void;
  /** Blocks that are in use, the fixed ones not counted. */
  readonly used: number;
  /** The block after the last one, if so many more were taken. */
  endAfter(count: number): number;
  /** One bit for each block of a group that is in use, the fixed ones not counted; undefined if none is. */
  bitmap(group: number): Buffer | undefined;
}

export function blocksOf(geometry: Geometry): Blocks {
  const bitmaps = new Map<number, Buffer>();
  let next = 0;
  /** From `next` to here all blocks are free. */
  let stretchEnd = 0;
  let used = 0;

  /** The first block from here on that is no fixed one. */
  function skipFixed(block: number): number {
    const group = Math.floor(block / blocksPerGroup);
    return Math.max(block, group * blocksPerGroup + fixedBlocks(geometry, group));
  }

  function groupEnd(block: number): number {
    return (Math.floor(block / blocksPerGroup) + 1) * blocksPerGroup;
  }

  return {
    get used() {
      return used;
    },
    take(wanted) {
      if (next === stretchEnd) {
        next = skipFixed(next);
        stretchEnd = groupEnd(next);
      }
      // Where a group has no fixed blocks, its predecessor's stretch goes on.
      while (stretchEnd < next + wanted && skipFixed(stretchEnd) === stretchEnd) stretchEnd += blocksPerGroup;
      const first = next;
      const count = Math.min(wanted, stretchEnd - first);
      next += count;
      return { first, count };
    },
    use({ first, count }) {
      used += count;
      const end = first + count;
      for (let block = first; block < end; ) {
        const group = Math.floor(block / blocksPerGroup);
        const stop = Math.min(end, (group + 1) * blocksPerGroup);
        let bitmap = bitmaps.get(group);
        if (bitmap === undefined) {
          bitmap = Buffer.alloc(blocksPerGroup / 8);
          bitmaps.set(group, bitmap);
        }
        setBits(bitmap, block % blocksPerGroup, stop - block);
        block = stop;
      }
    },
    endAfter(count) {
      let end = next;
      for (let left = count; left > 0; ) {
        const first = skipFixed(end);
        const taken = Math.min(left, groupEnd(first) - first);
        left -= taken;
        end = first + taken;
      }
      return end;
    },
    bitmap: (group) => bitmaps.get(group),
  };
}

/** Sets bits of a bitmap, lowest bit of each byte first. */
export function setBits(bitmap: Uint8Array, first: number, count: number): void {
  let bit = first;
  const end = first + count;
  while (bit < end && bit % 8 !== 0) setBit(bitmap, bit++);
  const wholeEnd = end - (end % 8);
  if (bit < wholeEnd) {
    bitmap.fill(0xff, bit / 8, wholeEnd / 8);
    bit = wholeEnd;
  }
  while (bit < end) setBit(bitmap, bit++);
}

function setBit(bitmap: Uint8Array, bit: number): void {
  bitmap[bit >>> 3] = (bitmap[bit >>> 3] ?? 0) | (1 << (bit & 7));
}

/** All that is wanted, in as many stretches as it takes. */
export function takeAll(blocks: Blocks, wanted: number): Run[] {
  const runs: Run[] = [];
  for (let left = wanted; left > 0; ) {
    const run = blocks.take(left);
    runs.push(run);
    left -= run.count;
  }
  return runs;
}
