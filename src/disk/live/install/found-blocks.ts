import { blockBytes, blockKey } from './blocks.ts';

/** Where blocks that are wanted elsewhere lie in a file. */
export interface FoundBlocks {
  /** Wants a block. */
  want(key: string, block: Buffer): void;
  /** Looks through a piece of the file. @param position of the piece in the file */
  look(position: number, piece: Buffer): void;
  /** Places of a block in the file, ascending; a few of many. */
  placesOf(key: string): readonly number[];
}

/** Content that stands in a filesystem hundreds of times is found often enough. */
const mostPlaces = 8;

export function foundBlocks(): FoundBlocks {
  const places = new Map<string, number[]>();
  /** What wanted blocks begin with: few others do, and hashing all takes long. */
  const beginnings = new Set<number>();
  return {
    want(key, block) {
      beginnings.add(beginningOf(block, 0));
      if (!places.has(key)) places.set(key, []);
    },
    look(position, piece) {
      for (let at = 0; at < piece.length; at += blockBytes) {
        if (!beginnings.has(beginningOf(piece, at))) continue;
        const found = places.get(blockKey(piece.subarray(at, at + blockBytes)));
        if (found !== undefined && found.length < mostPlaces) found.push(position + at);
      }
    },
    placesOf: (key) => places.get(key) ?? [],
  };
}

function beginningOf(block: Buffer, at: number): number {
  return block.readUIntLE(at, 6);
}
