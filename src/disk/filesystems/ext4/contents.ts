import type { DiskOutput } from '../../output.ts';
import type { ContentWriter, PlacedStretch } from '../filesystem.ts';
import type { StoredContent } from '../tree.ts';
import { type Blocks, takeAll } from './blocks.ts';
import { blockSize, type Run } from './geometry.ts';

/** A stretch of a file with a place: `block` counts within the file. */
export interface FileRun extends Run {
  block: number;
}

/** Content that was stored here. */
export interface Ext4Content extends StoredContent {
  /** Ascending; what lies in none is a hole. */
  readonly runs: readonly FileRun[];
  readonly storedIn: Contents;
  isClaimed: boolean;
}

/** Stores contents, as they come, in the next blocks. */
export interface Contents {
  create(size: number, isDense: boolean): ContentWriter;
  reserve(size: number): Ext4Content;
  /** What was stored here, for one file. @throws RangeError if it was not, or if a file has it already: a caller's mistake */
  claim(content: Buffer | StoredContent): Ext4Content;
  /** As {@link FilesystemWriter.placeOf}. @throws RangeError if it was not stored here: a caller's mistake */
  placeOf(content: StoredContent): readonly PlacedStretch[];
  /** Contents that were begun and are not closed. */
  readonly openCount: number;
}

const zeros = Buffer.alloc(blockSize);

export function contentsOf(output: DiskOutput, blocks: Blocks): Contents {
  let openCount = 0;

  function stored(size: number, runs: readonly FileRun[]): Ext4Content {
    return { size, runs, storedIn: contents, isClaimed: false };
  }

  /** Writes blocks of a chunk, whose last one may be short: it is filled up, so that the next content follows at once. */
  function writeBlocks(chunk: Uint8Array, begin: number, end: number, first: number): void {
    const position = first * blockSize;
    output.write(position, begin === 0 && end === chunk.length ? chunk : chunk.subarray(begin, end));
    const rest = (end - begin) % blockSize;
    if (rest > 0) output.write(position + end - begin, zeros.subarray(rest));
  }

  const contents: Contents = {
    get openCount() {
      return openCount;
    },
    create(size, isDense) {
      openCount++;
      const place = isDense ? placeReserved(reserveRuns(blocks, size)) : placeNext(blocks);
      /** The beginning of a block whose rest has not come. */
      let partial: Buffer | undefined;
      let partialLength = 0;
      /** Bytes that are stored, or known to be zeros: whole blocks. */
      let done = 0;

      /** Stores whole blocks, or those up to the end of the content. */
      function store(chunk: Uint8Array, begin: number, end: number): void {
        // GRUB reads no file that begins with a hole.
        if (done === 0 && isZero(chunk, begin, Math.min(end, begin + blockSize))) place.take(0, 1);
        for (let at = begin; at < end; ) {
          let stop = at;
          while (stop < end && !isZero(chunk, stop, Math.min(end, stop + blockSize))) {
            stop = Math.min(end, stop + blockSize);
          }
          for (let from = at; from < stop; ) {
            const { first, count } = place.take(
              (done + from - begin) / blockSize,
              Math.ceil((stop - from) / blockSize),
            );
            const to = Math.min(stop, from + count * blockSize);
            writeBlocks(chunk, from, to, first);
            from = to;
          }
          // Here stands a block of zeros, or the end.
          at = Math.min(end, stop + blockSize);
        }
        done += end - begin;
      }

      return {
        write(chunk) {
          let begin = 0;
          if (done + partialLength + chunk.length > size) throw new RangeError(`more than ${size} bytes of content`);
          const isLast = done + partialLength + chunk.length === size;
          if (partial !== undefined && partialLength > 0) {
            begin = Math.min(blockSize - partialLength, chunk.length);
            partial.set(begin === chunk.length ? chunk : chunk.subarray(0, begin), partialLength);
            partialLength += begin;
            if (partialLength < blockSize && !isLast) return;
            store(partial, 0, partialLength);
            partialLength = 0;
          }
          const end = isLast ? chunk.length : chunk.length - ((chunk.length - begin) % blockSize);
          if (begin < end) store(chunk, begin, end);
          if (end < chunk.length) {
            partial ??= Buffer.allocUnsafe(blockSize);
            partial.set(chunk.subarray(end));
            partialLength = chunk.length - end;
          }
        },
        close() {
          if (done !== size) throw new RangeError(`${done + partialLength} bytes of content instead of ${size}`);
          openCount--;
          // An array that grew has room for many more.
          return stored(size, place.runs.slice());
        },
      };
    },
    reserve: (size) => stored(size, reserveRuns(blocks, size)),
    claim(content) {
      const own = content as Partial<Ext4Content>;
      if (own.storedIn !== contents || own.isClaimed !== false) {
        throw new RangeError('a content that is not stored here, or belongs to two files');
      }
      own.isClaimed = true;
      return content as Ext4Content;
    },
    placeOf(content) {
      const { storedIn, runs, size } = content as Ext4Content;
      if (storedIn !== contents) throw new RangeError('a content that is not stored here');
      return runs.map(({ block, first, count }) => {
        const from = block * blockSize;
        return { from, offset: first * blockSize, length: Math.min(count * blockSize, size - from) };
      });
    },
  };
  return contents;
}

/** Where the blocks of one content go. */
interface Placement {
  readonly runs: readonly FileRun[];
  /** A place for some of a file's blocks, of which none before was asked for later: at least one. */
  take(block: number, count: number): Run;
}

function placeNext(blocks: Blocks): Placement {
  const runs: FileRun[] = [];
  return {
    runs,
    take(block, wanted) {
      const run = blocks.take(wanted);
      const last = runs.at(-1);
      const isNext = last !== undefined && last.block + last.count === block && last.first + last.count === run.first;
      if (isNext) last.count += run.count;
      else runs.push({ block, first: run.first, count: run.count });
      return run;
    },
  };
}

function placeReserved(runs: readonly FileRun[]): Placement {
  let index = 0;
  return {
    runs,
    take(block, wanted) {
      let run = runs[index] as FileRun;
      while (block >= run.block + run.count) run = runs[++index] as FileRun;
      const offset = block - run.block;
      return { first: run.first + offset, count: Math.min(wanted, run.count - offset) };
    },
  };
}

function reserveRuns(blocks: Blocks, size: number): FileRun[] {
  let block = 0;
  return takeAll(blocks, Math.ceil(size / blockSize)).map((run) => {
    const placed = { block, ...run };
    block += run.count;
    return placed;
  });
}

function isZero(chunk: Uint8Array, begin: number, end: number): boolean {
  // Nearly every block of content shows it here.
  if (chunk[begin] !== 0 || chunk[end - 1] !== 0) return false;
  return Buffer.compare(chunk.subarray(begin, end), zeros.subarray(0, end - begin)) === 0;
}
