import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeSparseFile } from '../../../src/disk/image-file/sparse-file.ts';
import { writeSparsely } from '../../../src/disk/image-file/sparse-write.ts';

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
      // The buffers are the writer's once it has them.
      const content = Buffer.concat(buffers);
      const path = join(directory, String(number++));
      await writeSparseFile(path, stream(buffers));
      expect((await readFile(path)).equals(content)).toBe(true);
      await rm(path);
    }),
    { numRuns: 60 },
  );
});

it('leaves holes for zeros, at the end too', async () => {
  const path = join(directory, 'disk');
  const zeros = Array.from({ length: 128 }, () => Buffer.alloc(65_536));
  await writeSparseFile(path, stream([Buffer.alloc(100_000, 1), ...zeros]));
  const { size, blocks } = await stat(path);
  expect(size).toBe(100_000 + 128 * 65_536);
  expect(blocks * 512).toBeLessThan(size / 4);
});

it('writes pieces that share a buffer, and many at once', async () => {
  const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251));
  const lengths = [1, 0, 15_000, 4_096, 700_000];
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    const piece = content.subarray(at, at + (lengths[pieces.length % lengths.length] ?? 0));
    pieces.push(piece);
    at += piece.length;
  }
  const path = join(directory, 'disk');
  await writeSparseFile(path, stream(pieces));
  expect((await readFile(path)).equals(content)).toBe(true);
});

it('says why the system does not write', async () => {
  await expect(writeSparseFile('/dev/full', stream([]))).rejects.toThrow('EEXIST');
  await using file = await open('/dev/full', 'w');
  const request = { file: file.fd, position: 0, pieces: [new Uint8Array(10).fill(1)] };
  expect(() => writeSparsely(request)).toThrow('ENOSPC');
});

it('throws what the stream throws', async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(3_000_000, 1);
    throw new Error('broken');
  }
  await expect(writeSparseFile(join(directory, 'disk'), failing())).rejects.toThrow('broken');
});
