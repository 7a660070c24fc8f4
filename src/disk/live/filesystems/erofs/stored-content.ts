import type { ContentBlock } from '../compressed-content.ts';
import { blockBytes, clusterIndex, type StoredFile } from './cluster-index.ts';
import { zeroFrame } from './zero-frame.ts';

/** Appends bytes in blocks of their own, filled up with zeros. @returns the first one's number */
type AppendBlocks = (bytes: Uint8Array, padding: 'before' | 'behind') => Promise<number>;

/** Stores a content, whose pieces come in their order; those that are left out are zeros. */
type StoreContent = (
  size: number,
  pieces: AsyncIterable<ContentBlock>,
) => Promise<Pick<StoredFile, 'index' | 'blocks'>>;

/** Stores contents one behind the other. All pieces of zeros that have the full size are one. */
export function storedContent(append: AppendBlocks, pieceBytes: number): StoreContent {
  let zeros: { first: number; count: number } | undefined;

  return async (size, pieces) => {
    const { index, stored, compressed } = clusterIndex(size);
    let blocks = 0;
    let done = 0;

    async function appendZeros(length: number): Promise<{ first: number; count: number }> {
      if (length === pieceBytes && zeros !== undefined) return zeros;
      blocks++;
      // A frame stands at the end of its blocks.
      const made = { first: await append(zeroFrame(length), 'before'), count: 1 };
      if (length === pieceBytes) zeros = made;
      return made;
    }

    async function fillUpTo(end: number): Promise<void> {
      for (; done < end; done += pieceBytes) {
        const length = Math.min(pieceBytes, size - done);
        if (length > blockBytes) compressed(done, length, await appendZeros(length));
        else {
          blocks++;
          stored(done, length, await append(Buffer.alloc(length), 'behind'));
        }
      }
    }

    for await (const { index: number, kind, bytes } of pieces) {
      if (kind === 'zeros') continue;
      const position = number * pieceBytes;
      await fillUpTo(position);
      const length = Math.min(pieceBytes, size - position);
      const count = Math.ceil(bytes.length / blockBytes);
      blocks += count;
      if (kind === 'stored') stored(position, length, await append(bytes, 'behind'));
      else compressed(position, length, { first: await append(bytes, 'before'), count });
      done = position + pieceBytes;
    }
    await fillUpTo(size);
    return { index, blocks };
  };
}
