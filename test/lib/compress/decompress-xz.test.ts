import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressXz, InvalidXzError } from '../../../src/lib/compress/decompress-xz.ts';

const xz = (bytes: Uint8Array, ...options: string[]) => execFileSync('xz', ['--stdout', ...options], { input: bytes });

/** Bytes in which earlier ones come again, at any distance, and others are never seen before. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(5000), fc.nat(600)),
      fc.tuple(fc.nat(255), fc.nat(3000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => {
    let whole = Buffer.alloc(0);
    for (const part of parts) {
      const bytes = part instanceof Uint8Array ? part : whole.subarray(-part[0]).subarray(0, part[1]);
      whole = Buffer.concat([whole, bytes]);
    }
    return whole;
  });

describe('xz', () => {
  it('gives back what the program has compressed, with all kinds of options', () => {
    const options = fc.constantFrom(
      ['-0'],
      ['-9', '--check=crc32'],
      ['--check=none', '--lzma2=lc=0,lp=4,pb=0'],
      ['--check=sha256', '--lzma2=lc=4,lp=0,pb=4,dict=4KiB'],
      ['--block-size=1000', '-2'],
    );
    fc.assert(
      fc.property(compressible, options, fc.nat(20), (bytes, chosen, zeros) => {
        const data = Buffer.concat([xz(bytes, ...chosen), Buffer.alloc(4 * zeros)]);
        expect(decompressXz(data, bytes.length).equals(bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('joins streams', () => {
    const two = Buffer.concat([xz(Buffer.from('one ')), Buffer.alloc(8), xz(Buffer.from('two'))]);
    expect(decompressXz(two, 100).toString()).toBe('one two');
  });

  it('gives back what is larger than a chunk, compressible or not', () => {
    const text = Buffer.from(Array.from({ length: 30_000 }, (_, index) => `${index * 7919} `).join(''));
    const noise = Buffer.from(text.map((_, index) => (Math.imul(index, 2654435761) >>> 13) & 0xff));
    const both = Buffer.concat([text, noise, text]);
    expect(decompressXz(xz(both), both.length).equals(both)).toBe(true);
  });

  it('ends with an error of its own, and within its bounds, whatever is damaged', () => {
    const bytes = Buffer.from('what is compressed is compressed again and again. '.repeat(20));
    const data = xz(bytes, '--check=crc32');
    fc.assert(
      fc.property(fc.nat(data.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, cut) => {
        const damaged = Buffer.from(cut ? data.subarray(0, at) : data);
        if (!cut) damaged[at] = (damaged[at] as number) ^ change;
        try {
          // The index and the footer's checksum say what is known already.
          expect(decompressXz(damaged, 10_000).equals(bytes)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidXzError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['expands to more than is allowed', xz(Buffer.alloc(1001)), 'it expands to more than 1000 bytes'],
    [
      'is followed by something',
      Buffer.concat([xz(Buffer.alloc(9)), Buffer.from('x')]),
      'something follows the stream',
    ],
    ['is cut off', xz(Buffer.alloc(9)).subarray(0, -1), 'it is cut off'],
    ['is filtered', xz(Buffer.alloc(9), '--x86', '--lzma2'), 'a filter is used that is not known'],
    ['is nothing', Buffer.alloc(0), 'it is cut off'],
  ])('is refused when it %s', (_name, data, message) => {
    expect(() => decompressXz(data, 1000)).toThrow(new InvalidXzError(message));
  });
});
