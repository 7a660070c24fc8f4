import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressZstd } from '../../../src/lib/compress/decompress-zstd.ts';
import { collect } from '../../helpers/image.ts';
import { content } from './content.ts';

/** What the program makes of a pipe: one frame of unknown length with a checksum. */
function zstd(bytes: Uint8Array, ...args: string[]): Buffer {
  return execFileSync('zstd', ['--stdout', '--quiet', ...args], { input: bytes, maxBuffer: 1 << 28 });
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

const decompressed = (bytes: Buffer, size = 65_536) => collect(decompressZstd(cut(bytes, size)));

const frame = (header: number[], ...blocks: (number[] | Buffer)[]) =>
  Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header]), ...blocks.map((block) => Buffer.from(block))]);

/** A block's header and what stands behind it. */
const block = (type: number, size: number, isLast: boolean, data: number[] = []) => {
  const bits = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  return [bits & 0xff, (bits >> 8) & 0xff, bits >> 16, ...data];
};

/** https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2 */
const skippable = (length: number) => {
  const header = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  header.writeUInt32LE(length, 4);
  return Buffer.concat([header, Buffer.alloc(length, 0xfd)]);
};

/** A window of 1 KiB; neither length nor checksum. */
const smallWindow = [0x00, 0x00];
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

  it.each([
    ['nothing', Buffer.alloc(0), 'there is no frame'],
    ['a skippable frame alone', skippable(10), 'there is no frame'],
    ['something else', Buffer.from('no zstd at all'), 'something else than a frame begins'],
    [
      'something else behind it',
      Buffer.concat([zstd(text), Buffer.from('more')]),
      'something else than a frame begins',
    ],
    ['a magic number that is cut off', Buffer.from([0x28, 0xb5]), 'it is cut off'],
    ['a header that is cut off', frame([0x00]), 'it is cut off'],
    ['a block that is cut off', zstd(text).subarray(0, 100_000), 'it is cut off'],
    ['a checksum that is cut off', zstd(text).subarray(0, -1), 'it is cut off'],
    ['a skippable frame that is cut off', Buffer.concat([zstd(text), skippable(10).subarray(0, -1)]), 'it is cut off'],
    ['no last block', frame(smallWindow, block(0, 1, false, [1])), 'it is cut off'],
    ['a reserved bit', frame([0x08, 0x00], block(0, 0, true)), 'a reserved bit is set'],
    ['a reserved block type', frame(smallWindow, block(3, 1, true, [1])), 'a block has a reserved type'],
    ['a block of 128 KiB and a byte', frame([0x00, 0x40], block(1, 131_073, true, [0])), 'a block is too large'],
    ['a dictionary', frame([0x01, 0x00, 0x01], block(0, 0, true)), 'a dictionary is needed'],
    [
      'a window of 144 MiB',
      frame([0x00, 0x89], block(0, 0, true)),
      'a window of 150994944 bytes is needed, and 134217728 are allowed',
    ],
    [
      'the largest window',
      frame([0x00, 0xff], block(0, 0, true)),
      'a window of 4123168604160 bytes is needed, and 134217728 are allowed',
    ],
    [
      'a segment of 1 GiB',
      frame([0xa0, 0x00, 0x00, 0x00, 0x40], block(0, 0, true)),
      'a window of 1073741824 bytes is needed, and 134217728 are allowed',
    ],
    ['a block that is larger than the window', frame(smallWindow, block(1, 1025, true, [0])), 'it is damaged'],
    ['a compressed block of nonsense', frame(smallWindow, block(2, 20, true, Array(20).fill(0xff))), 'it is damaged'],
    ['another length than it says', frame([0x20, 0x05], block(0, 3, true, [1, 2, 3])), 'it is damaged'],
    ['a wrong checksum', flipped(zstd(text), -2), 'it is damaged'],
  ])('refuses %s', async (_, stream, reason) => {
    await expect(decompressed(stream)).rejects.toMatchObject({
      code: 'ZSTD_INVALID',
      exitStatus: 4,
      message: `the zstd stream cannot be read: ${reason}`,
    });
  });

  it('keeps nothing of a damaged stream for the next one', async () => {
    await expect(decompressed(zstd(text).subarray(0, 100_000))).rejects.toMatchObject({ code: 'ZSTD_INVALID' });
    expect((await decompressed(zstd(text))).equals(text)).toBe(true);
  });

  it('ends whatever has been changed in a stream, with an error or with other bytes', async () => {
    const compressed = zstd(text.subarray(0, 200_000), '--no-check');
    await fc.assert(
      fc.asyncProperty(fc.nat(compressed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = flipped(compressed, at, change);
        const outcome = await decompressed(damaged).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ZSTD_INVALID' });
      }),
      { numRuns: 20 },
    );
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

function flipped(bytes: Buffer, at: number, change = 1): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ change;
  return copy;
}
