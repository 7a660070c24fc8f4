import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deflateParameters } from '../../../src/disk/formats/deflate-parameters.ts';
import { adler32, combineCrc32 } from '../../../src/lib/checksums.ts';
import {
  deflateFragment,
  deflateZeros,
  maximumInput,
  maximumOutput,
  maximumZeros,
} from '../../../src/lib/compress/deflate.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';

const output = new Uint8Array(maximumOutput);

function fragmentOf(input: Uint8Array, window?: number): Buffer {
  return Buffer.from(output.subarray(0, deflateFragment(input, output, window)));
}

/** An empty block that is the last. */
const end = Buffer.from([3, 0]);

const inflate = (...fragments: readonly Uint8Array[]) => inflateRawSync(Buffer.concat([...fragments, end]));

/** Bytes of few or many values, with repetitions near and far. */
const inputs = fc
  .array(
    fc.record({
      piece: fc.oneof(
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 400 }).map((values) => Uint8Array.from(values)),
        fc.record({ seed: fc.nat(), size: fc.nat(30_000) }).map(({ seed, size }) => noise(seed, size)),
      ),
      times: fc.integer({ min: 1, max: 100 }),
    }),
    { maxLength: 8 },
  )
  .map((parts) =>
    Buffer.concat(parts.flatMap(({ piece, times }) => Array<Uint8Array>(times).fill(piece))).subarray(0, maximumInput),
  );

function noise(seed: number, size: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
}

it('gives what zlib makes the same bytes of, alone and behind others', () => {
  fc.assert(
    fc.property(inputs, inputs, (one, other) => {
      const first = fragmentOf(one);
      expect(first.length).toBeLessThanOrEqual(one.length + 64);
      expect(inflate(first).equals(one)).toBe(true);
      expect(inflate(first, fragmentOf(other)).equals(Buffer.concat([one, other]))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

it('keeps to a window', () => {
  const far = Buffer.concat([noise(1, 3000), noise(2, 4000), noise(1, 3000)]);
  expect(fragmentOf(far).length).toBeLessThan(7200);
  expect(fragmentOf(far, 4096).length).toBeGreaterThan(9900);
  fc.assert(
    fc.property(inputs, (input) => {
      // A decoder that keeps no more than it must, and gets its input in small pieces.
      const options = { windowBits: 12, chunkSize: 64 };
      const inflated = inflateRawSync(Buffer.concat([fragmentOf(input, 4096), end]), options);
      expect(inflated.equals(input)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

it('makes zeros small without looking at them', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(20), fc.nat(5000), fc.nat(maximumZeros)), (count) => {
      const room = new Uint8Array(Math.ceil(count / 512) + 64);
      const fragment = room.slice(0, deflateZeros(count, room));
      expect(inflate(fragment).equals(Buffer.alloc(count))).toBe(true);
    }),
    { numRuns: 30 },
  );
  const room = new Uint8Array(maximumZeros / 512);
  expect(deflateZeros(maximumZeros, room)).toBeLessThan(maximumZeros / 1000);
});

it('gives the bytes that its parameters stand for', () => {
  const text = Buffer.from(Array.from({ length: 9000 }, (_, index) => `${index * index} `).join('')).subarray(
    0,
    maximumInput,
  );
  const sums = [text, noise(3, maximumInput), Buffer.alloc(maximumInput)].map((input) => sha256Hex(fragmentOf(input)));
  expect([deflateParameters, ...sums]).toMatchInlineSnapshot(`
    [
      "cosa-deflate-1",
      "c8ba6ee1a072d0182e1794f0053c62baa7ef9e665fa017082270ededba55a1b6",
      "1a843427b13561200595eb31c84d65845e0b062837a4fb1fb745c724bc0211dc",
      "9b662d4d85817d27e3dc074ae48b365c29f0a4e458bab486def8c2e3c9601a76",
    ]
  `);
});

it('sums as zlib does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.uint8Array(), (one, other) => {
      const both = Buffer.concat([one, other]);
      expect(combineCrc32(crc32(one), crc32(other), other.length)).toBe(crc32(both));
    }),
  );
  // RFC 1950's, computed by hand.
  expect(adler32(Buffer.from('Wikipedia'))).toBe(0x11e60398);
  expect(adler32(Buffer.alloc(100_000, 0xff))).toBe(0x149a302c);
});
