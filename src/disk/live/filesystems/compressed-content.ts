import type { BlockForm, CompressedBlock } from '../../image-threads/blocks.ts';
import type { ImageThreads } from '../../image-threads.ts';
import type { FileContent } from './live-filesystem.ts';

/** A block of a content, compressed. */
export interface ContentBlock extends CompressedBlock {
  /** Its number: counted in blocks from the content's beginning. */
  index: number;
}

/** How contents are compressed. */
export interface ContentCompression {
  /** Blocks have a power of two as their size, at most 1 MiB. */
  form: BlockForm;
  threads: ImageThreads;
  signal: AbortSignal;
}

/** What is read at once, and what a thread compresses at once: a request for each small block would keep this thread busy. */
const batchBytes = 1 << 20;
/** Batches that are read while all threads compress others. */
const spareBatches = 2;

/** Compresses contents, each block on its own. All threads work on it, and memory is bounded. */
export interface ContentCompressor {
  /**
   * @returns the blocks in their order, each to be used before the next is asked for; blocks that no extent touches are left
   *   out, unread
   * @throws what the content and the threads throw; the signal's reason
   */
  blocks(content: FileContent): AsyncGenerator<ContentBlock, void, void>;
}

export function contentCompressor({ form, threads, signal }: ContentCompression): ContentCompressor {
  const { blockBytes } = form;
  const free: BatchBuffers[] = [];

  async function compress(content: FileContent, position: number, length: number): Promise<CompressedBatch> {
    const buffers = free.pop() ?? { input: sharedBuffer(), output: sharedBuffer() };
    const bytes = buffers.input.subarray(0, length);
    await content.read(position, bytes);
    const blocks = await threads.blocks(bytes, form, buffers.output.subarray(0, length));
    return { buffers, blocks: blocks.map((block, at) => ({ ...block, index: position / blockBytes + at })) };
  }

  return {
    async *blocks(content) {
      const begun: Promise<CompressedBatch>[] = [];

      async function* first(): AsyncGenerator<ContentBlock, void, void> {
        signal.throwIfAborted();
        const { blocks, buffers } = await (begun.shift() as Promise<CompressedBatch>);
        yield* blocks;
        free.push(buffers);
      }

      try {
        for (const { position, length } of batches(content, blockBytes)) {
          const batch = compress(content, position, length);
          // Awaited in its turn; until then a failure must not count as unhandled.
          batch.catch(() => undefined);
          begun.push(batch);
          if (begun.length >= threads.size + spareBatches) yield* first();
        }
        while (begun.length > 0) yield* first();
      } finally {
        // After a failure nothing reads a content that may be closed.
        await Promise.allSettled(begun);
      }
    },
  };
}

/** What a batch is read into, and what it becomes. */
interface BatchBuffers {
  input: Uint8Array<SharedArrayBuffer>;
  output: Uint8Array<SharedArrayBuffer>;
}

interface CompressedBatch {
  blocks: ContentBlock[];
  /** Free again once the blocks are used. */
  buffers: BatchBuffers;
}

function sharedBuffer(): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(batchBytes));
}

/** What is read at once: whole blocks that extents touch, the last one cut off where the content ends. */
function* batches({ size, extents }: FileContent, blockBytes: number): Generator<{ position: number; length: number }> {
  let done = 0;
  for (const { offset, length } of extents) {
    const end = Math.min(Math.ceil((offset + length) / blockBytes) * blockBytes, size);
    for (let position = Math.max(done, offset - (offset % blockBytes)); position < end; position += batchBytes) {
      yield { position, length: Math.min(batchBytes, end - position) };
    }
    done = Math.max(done, end);
  }
}
