import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  array,
  boolean,
  byteArray,
  decodeVariant,
  string,
  tuple,
  uint32,
  uint64,
  variant,
  variantOf,
} from '../../src/ostree/gvariant.ts';

const dictionary = array(tuple([string, variant], '{}'));
const everything = tuple([uint32, dictionary, byteArray, array(tuple([string, byteArray])), string, uint64, byteArray]);

const text = fc
  .string({ unit: 'grapheme' })
  .filter((value) => !value.includes('\0') && Buffer.from(value).toString() === value);
const bytes = fc.uint8Array({ maxLength: 400 }).map((value) => Buffer.from(value));
const values = fc.tuple(
  fc.nat(0xffffffff),
  fc.array(
    fc.tuple(
      text,
      fc.oneof(
        fc.boolean().map((value) => variantOf(boolean, value)),
        text.map((value) => variantOf(string, value)),
      ),
    ),
  ),
  bytes,
  fc.array(fc.tuple(text, bytes)),
  text,
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  bytes,
);

describe('GVariant', () => {
  it('has the signatures that ostree gives its objects', () => {
    expect(everything.signature).toBe('(ua{sv}aya(say)stay)');
  });

  // Laid out by hand from the specification; integers big-endian as in ostree.
  it.each([
    ["(uint32 1, 'a')", tuple([uint32, string]).encode([0x01020304, 'a']), '0102030461 00'],
    ["[('a', b'x')]", array(tuple([string, byteArray])).encode([['a', Buffer.from('x')]]), '6100 78 02 04'],
    [
      "[('a', b''), ('bc', b'')]",
      array(tuple([string, byteArray])).encode([
        ['a', Buffer.alloc(0)],
        ['bc', Buffer.alloc(0)],
      ]),
      '6100 02 626300 03 03 07',
    ],
    ["{'a': <true>}", dictionary.encode([['a', variantOf(boolean, true)]]), '6100 000000000000 01 00 62 02 0c'],
    ['@a(say) []', array(tuple([string, byteArray])).encode([]), ''],
  ])('encodes %s', (_what, encoded, expected) => {
    expect(encoded.toString('hex')).toBe(expected.replaceAll(' ', ''));
  });

  it.each([250, 251, 252, 253, 254, 255, 256, 65_530, 65_533, 65_534, 65_535, 65_536])(
    'widens framing offsets where a container of about %i bytes needs it',
    (length) => {
      const type = tuple([byteArray, byteArray]);
      const value = [Buffer.alloc(length, 1), Buffer.from([2])] as const;
      const encoded = type.encode(value);
      const width = encoded.length - length - 1;
      expect(encoded.length).toBeLessThan(2 ** (8 * width));
      expect(decodeVariant(type, encoded).every((part, index) => value[index]?.equals(part))).toBe(true);
    },
  );

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decodeVariant(everything, everything.encode(value))).toEqual(value);
      }),
    );
  });

  it('decodes hostile bytes to a value with exactly this form, or rejects them', () => {
    fc.assert(
      fc.property(values, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }), (value, flips) => {
        const encoded = everything.encode(value);
        for (const [position, byte] of flips) encoded[position % encoded.length] = byte;
        try {
          const decoded = decodeVariant(everything, encoded);
          expect(everything.encode(decoded)).toEqual(encoded);
        } catch (error) {
          expect(error).toMatchObject({ code: 'GVARIANT_INVALID', exitStatus: 4 });
        }
      }),
    );
  });

  it('rejects padding that is not zero', () => {
    const encoded = Buffer.from('6100ff000000000001006202 0c'.replace(' ', ''), 'hex');
    expect(() => decodeVariant(dictionary, encoded)).toThrow('a GVariant value of type a{sv} is not in normal form');
  });

  it.each([
    ['a string without end', () => decodeVariant(string, Buffer.from('abc')), 's is not a string'],
    ['a string that is not UTF-8', () => decodeVariant(string, Buffer.from([0xff, 0])), 's is not a string'],
    ['three bytes for an integer', () => decodeVariant(uint32, Buffer.alloc(3)), 'u has 3 bytes instead of 4'],
    ['a variant without type', () => decodeVariant(variant, Buffer.from('abc')), 'v has no type'],
    [
      'an offset beyond the end',
      () => decodeVariant(array(string), Buffer.from([0x61, 0, 9])),
      'as has no valid offsets',
    ],
    [
      'an end before its begin',
      () => decodeVariant(array(string), Buffer.from([0x61, 0, 0, 2, 1, 3])),
      'as has an offset outside of itself',
    ],
    ['a tuple of nothing', () => decodeVariant(tuple([string, string]), Buffer.alloc(0)), '(ss) is too short'],
  ])('rejects %s', (_what, decode, reason) => {
    expect(decode).toThrow(`a GVariant value of type ${reason}`);
  });
});
