import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScannedFile } from '../../../src/ostree/content-threads/read-file.ts';
import { layerPieces } from '../../../src/ostree/encapsulate/layer-pieces.ts';

const part = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.record({ path: fc.constantFrom('/a', '/b'), size: fc.integer({ min: 1, max: 60 }) }),
);

/** Each byte of a stream by where it comes from. */
function bytesOf(parts: readonly (Buffer | ScannedFile)[]): string[] {
  return parts.flatMap((one) =>
    Buffer.isBuffer(one) ? Array.from(one, String) : Array.from({ length: one.size }, (_, at) => `${one.path} ${at}`),
  );
}

describe('layerPieces', () => {
  it('cuts the stream into pieces of one size, and loses nothing', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (parts, size) => {
        const pieces = [...layerPieces(parts, size)];
        const bytes = pieces.flatMap((piece) => {
          let taken = 0;
          return piece.segments.flatMap((segment) => {
            if (typeof segment === 'number') {
              taken += segment;
              return Array.from(piece.bytes.subarray(taken - segment, taken), String);
            }
            const { path, offset, count } = segment;
            return Array.from({ length: count }, (_, at) => `${path} ${offset + at}`);
          });
        });
        expect(bytes).toEqual(bytesOf(parts));
        const sizes = pieces.map((piece) => piece.size);
        expect(sizes.slice(0, -1).every((one) => one === size)).toBe(true);
        expect(sizes.every((one) => one > 0 && one <= size)).toBe(true);
        expect(sizes.reduce((sum, one) => sum + one, 0)).toBe(bytes.length);
      }),
    );
  });
});
