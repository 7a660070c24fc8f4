import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeSparseFile } from '../../../src/disk/image-file/sparse-file.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-sparse-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function* stream(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

it('writes every byte, however zeros and pieces lie', async () => {
  const piece = fc.record({ length: fc.integer({ min: 0, max: 200_000 }), value: fc.constantFrom(0, 0, 7) });
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const buffers = pieces.map(({ length, value }) => Buffer.alloc(length, value));
      const path = join(directory, String(number++));
      await writeSparseFile(path, stream(buffers));
      expect((await readFile(path)).equals(Buffer.concat(buffers))).toBe(true);
      await rm(path);
    }),
    { numRuns: 60 },
  );
});

it('leaves holes for zeros, at the end too', async () => {
  const path = join(directory, 'disk');
  await writeSparseFile(path, stream([Buffer.alloc(100_000, 1), ...Array<Buffer>(128).fill(Buffer.alloc(65_536))]));
  const { size, blocks } = await stat(path);
  expect(size).toBe(100_000 + 128 * 65_536);
  expect(blocks * 512).toBeLessThan(size / 4);
});

it('throws what the stream throws', async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(3_000_000, 1);
    throw new Error('broken');
  }
  await expect(writeSparseFile(join(directory, 'disk'), failing())).rejects.toThrow('broken');
});
