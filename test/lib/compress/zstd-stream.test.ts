import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZSTDDecoder } from 'zstddec/stream';
import { decompressedBytes, InvalidZstdError } from '../../../src/lib/compress/zstd-frames.ts';
import { zstdStream } from '../../../src/lib/compress/zstd-stream.ts';
import { content } from './content.ts';
import { block, flipped, frame, skippable, smallWindow, zstd } from './zstd-samples.ts';

const text = content(700_000);

/** Decompresses here what elsewhere a thread does: after an error nobody would use that one again. */
async function decoded(compressed: Buffer): Promise<Buffer> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const stream = zstdStream(decoder);
  const parts: Buffer[] = [];
  let at = 0;
  for (let isHungry = true; ; ) {
    const chunk = isHungry && at < compressed.length ? new Uint8Array(compressed.subarray(at, at + 65_536)) : undefined;
    at += chunk?.length ?? 0;
    const target = new ArrayBuffer(decompressedBytes);
    const answer = stream.next(chunk, target);
    if (answer.kind !== 'bytes') return Buffer.concat(parts);
    parts.push(Buffer.from(target, 0, answer.length));
    isHungry = answer.isHungry;
  }
}

describe('a stream of zstd', () => {
  it('is read', async () => {
    expect((await decoded(Buffer.concat([zstd(text), skippable(7), zstd(text)]))).length).toBe(2 * text.length);
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
    await expect(decoded(stream)).rejects.toThrow(new InvalidZstdError(reason));
  });

  it('ends whatever has been changed in a stream, with an error or with other bytes', async () => {
    const compressed = zstd(text.subarray(0, 200_000), '--no-check');
    await fc.assert(
      fc.asyncProperty(fc.nat(compressed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = flipped(compressed, at, change);
        const outcome = await decoded(damaged).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(InvalidZstdError);
      }),
      { numRuns: 20 },
    );
  });
});
