import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32c } from '../../src/lib/crc32c.ts';

it.each([
  // RFC 3720 B.4, without the final inversion.
  ['32 zero bytes', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 rising bytes', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
])('gives the published checksum of %s', (_, bytes, expected) => {
  expect((crc32c(0xffffffff, bytes) ^ 0xffffffff) >>> 0).toBe(expected);
});

it('goes on where it stopped', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (head, tail) => {
      const whole = crc32c(0xffffffff, Buffer.concat([head, tail]));
      expect(crc32c(crc32c(0xffffffff, head), tail)).toBe(whole);
    }),
  );
});
