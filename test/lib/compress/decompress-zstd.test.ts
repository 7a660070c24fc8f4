import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressZstd } from '../../../src/lib/compress/decompress-zstd.ts';
import { collect } from '../../helpers/image.ts';
import { content } from './content.ts';
import { block, flipped, frame, skippable, smallWindow, zstd } from './zstd-samples.ts';

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

const decompressed = (bytes: Buffer, size = 65_536) => collect(decompressZstd(cut(bytes, size)));

const text = content(700_000);

describe('decompressZstd', () => {
  it.each([
    ['of a pipe, with a checksum', zstd(text)],
    ['without a checksum', zstd(text, '--no-check')],
    ['that knows its length', zstd(text, `--stream-size=${text.length}`)],
    ['with the largest window', zstd(text, '--long=27')],
    ['of the highest level', zstd(text, '--ultra', '-22')],
    ['of several threads', zstd(text, '-T2', '-B100KB')],
    ['that is not compressed', zstd(text, '--no-compress-literals', '--fast=100')],
  ])('reads a frame %s', async (_, compressed) => {
    expect((await decompressed(compressed)).equals(text)).toBe(true);
  });

  it('reads an empty frame, blocks of all types, and RLE', async () => {
    expect(await decompressed(zstd(Buffer.alloc(0)))).toHaveLength(0);
    const blocks = [block(0, 3, false, [1, 2, 3]), block(1, 1000, false, [7]), block(0, 0, true)];
    expect(await decompressed(frame(smallWindow, ...blocks))).toEqual(
      Buffer.concat([Buffer.from([1, 2, 3]), Buffer.alloc(1000, 7)]),
    );
  });

  it('joins frames and leaves out skippable ones, wherever the stream is cut', async () => {
    const parts = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 300_000 }).map((size) => {
          const bytes = text.subarray(0, size);
          return { bytes, compressed: zstd(bytes, size % 2 === 0 ? '--check' : '--no-check') };
        }),
        fc.integer({ min: 0, max: 5000 }).map((size) => ({ bytes: Buffer.alloc(0), compressed: skippable(size) })),
      ),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 100_000 }), async (some, size) => {
        const all = [...some, { bytes: text, compressed: zstd(text) }];
        const stream = Buffer.concat(all.map(({ compressed }) => compressed));
        const expected = Buffer.concat(all.map(({ bytes }) => bytes));
        expect((await decompressed(stream, Math.max(size, 500))).equals(expected)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('reads a stream that comes byte by byte', async () => {
    const bytes = text.subarray(0, 3000);
    expect((await decompressed(Buffer.concat([skippable(3), zstd(bytes), zstd(bytes)]), 1)).length).toBe(6000);
  });

  it('refuses a damaged stream', async () => {
    await expect(decompressed(flipped(zstd(text), -2))).rejects.toMatchObject({
      code: 'ZSTD_INVALID',
      exitStatus: 4,
      message: 'the zstd stream cannot be read: it is damaged',
    });
  });

  it('keeps nothing of a damaged stream for the next one', async () => {
    await expect(decompressed(zstd(text).subarray(0, 100_000))).rejects.toMatchObject({ code: 'ZSTD_INVALID' });
    expect((await decompressed(zstd(text))).equals(text)).toBe(true);
  });

  it('gives what expands to gigabytes bit by bit, and stops when its reader does', async () => {
    // 4 bytes each stand for 128 KiB of zeros: 16 GiB in all.
    const bomb = Buffer.concat([
      frame([0x00, 0x40]),
      Buffer.alloc(512 * 1024, Buffer.from(block(1, 131_072, false, [0]))),
    ]);
    let closed = false;
    async function* source() {
      try {
        yield* cut(bomb, 65_536);
      } finally {
        closed = true;
      }
    }
    let size = 0;
    for await (const piece of decompressZstd(source())) {
      size += piece.length;
      if (size > 100_000_000) break;
    }
    expect(size).toBeLessThan(102_000_000);
    expect(closed).toBe(true);
  });

  it("passes the source's own error on", async () => {
    async function* source() {
      yield zstd(text);
      throw new Error('the line is dead');
    }
    await expect(collect(decompressZstd(source()))).rejects.toThrow('the line is dead');
  });

  it('reads several streams at once', async () => {
    const streams = [1, 1000, 300_000, 650_000].map((size) => text.subarray(0, size));
    const results = await Promise.all(streams.map((bytes) => decompressed(zstd(bytes))));
    expect(results.map((bytes, index) => bytes.equals(streams[index] ?? bytes))).toEqual([true, true, true, true]);
  });
});
