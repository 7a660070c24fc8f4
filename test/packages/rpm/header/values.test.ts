import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { headerLength, InvalidHeaderError, parseHeader } from '../../../../src/packages/rpm/header/values.ts';
import { encodeHeader, type TestValue } from '../header-writer.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
const value: fc.Arbitrary<TestValue> = fc.oneof(
  fc.record({ type: fc.constant('int16' as const), values: fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 5 }) }),
  fc.record({
    type: fc.constant('int32' as const),
    values: fc.array(fc.nat(0xffffffff), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant('int64' as const),
    values: fc.array(fc.nat(Number.MAX_SAFE_INTEGER), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('text' as const), values: fc.tuple(text) }),
  fc.record({ type: fc.constant('texts' as const), values: fc.array(text, { minLength: 1, maxLength: 5 }) }),
);
const header = fc.uniqueArray(fc.tuple(fc.integer({ min: 1000, max: 1020 }), value), {
  selector: ([tag]) => tag,
  maxLength: 8,
});

describe('the values of a header', () => {
  it('are what was written, of every type', () => {
    fc.assert(
      fc.property(header, (values) => {
        const read = parseHeader(encodeHeader(values));
        for (const [tag, { type, values: expected }] of values) {
          expect(read.has(tag)).toBe(true);
          expect(type.startsWith('int') ? read.numbers(tag) : read.texts(tag)).toEqual(expected);
        }
        expect(read.has(999)).toBe(false);
        expect([read.numbers(999), read.texts(999), read.text(999)]).toEqual([[], [], undefined]);
      }),
      { numRuns: 200 },
    );
  });

  it('are refused in one way alone, whatever the bytes are', () => {
    const damaged = fc.tuple(header, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat());
    fc.assert(
      fc.property(damaged, ([values, changes, cut]) => {
        const bytes = encodeHeader(values);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const given = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
        try {
          const read = parseHeader(given);
          for (let tag = 1000; tag <= 1020; tag++) {
            for (const get of [read.numbers, read.texts, read.text, read.byteTexts]) tolerant(() => get(tag));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidHeaderError);
        }
      }),
      { numRuns: 500 },
    );
  });

  /** One value is damaged: others may be asked for. */
  function tolerant(get: () => unknown): void {
    try {
      get();
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidHeaderError);
    }
  }

  const number: TestValue = { type: 'int32', values: [7] };
  const name: TestValue = { type: 'text', values: ['name'] };

  /** The header of one value, with one of the four numbers that describe it changed. */
  function changed(given: TestValue, index: number, number: number): Buffer {
    const bytes = encodeHeader([[1000, given]]);
    bytes.writeUInt32BE(number, 8 + 4 * index);
    return bytes;
  }

  test.each([
    ['nothing', Buffer.alloc(0), 'a header is not as long as it says'],
    ['less than it says', encodeHeader([[1000, name]]).subarray(0, 20), 'a header is not as long as it says'],
    [
      'one number twice',
      encodeHeader([
        [1000, name],
        [1000, number],
      ]),
      'value 1000 is there twice',
    ],
    ['a value behind the end', changed(number, 2, 5), 'value 1000 lies outside of its header'],
    ['a value far behind the end', changed(number, 2, 0xffffffff), 'value 1000 lies outside of its header'],
    ['more values than bytes', changed(number, 3, 0xffffffff), 'value 1000 lies outside of its header'],
  ])('are refused: %s', (_, bytes, message) => {
    expect(() => parseHeader(bytes)).toThrow(new InvalidHeaderError(message));
  });

  test.each([
    ['more numbers than are there', changed(number, 3, 2), 'numbers', 'value 1000 lies outside of its header'],
    [
      'more texts than are there',
      changed({ type: 'texts', values: ['ab'] }, 3, 2),
      'texts',
      'value 1000 lies outside of its header',
    ],
    [
      'a text without an end',
      encodeHeader([[1000, name]]).fill(0x61, 24),
      'text',
      'value 1000 lies outside of its header',
    ],
    ['a text where numbers belong', encodeHeader([[1000, name]]), 'numbers', 'value 1000 is of type 6, not numbers'],
    ['numbers where a text belongs', encodeHeader([[1000, number]]), 'text', 'value 1000 is numbers, not text'],
    ['bytes where a text belongs', changed(name, 1, 7), 'texts', 'value 1000 is bytes, not text'],
    ['a type that is none', changed(name, 1, 77), 'texts', 'value 1000 is of type 77, not text'],
    [
      'a text of another encoding',
      encodeHeader([[1000, { type: 'text', values: [Buffer.from([0xe9])] }]]),
      'text',
      'value 1000 is not UTF-8',
    ],
    ['a number beyond all files', changedNumber(), 'numbers', 'value 1000 is too large'],
  ] as const)('are refused when they are asked for: %s', (_, bytes, get, message) => {
    expect(() => parseHeader(bytes)[get](1000)).toThrow(new InvalidHeaderError(message));
  });

  function changedNumber(): Buffer {
    return encodeHeader([[1000, { type: 'int64', values: [0] }]]).fill(0xff, 24);
  }

  test.each([
    [0x10000, 0, 'a header has 65536 values, more than 65535'],
    [0, 0x4000001, 'a header has 67108865 bytes, more than 67108864'],
  ])('are bounded: %i, %i', (entries, store, message) => {
    const intro = Buffer.alloc(8);
    intro.writeUInt32BE(entries, 0);
    intro.writeUInt32BE(store, 4);
    expect(() => headerLength(intro)).toThrow(new InvalidHeaderError(message));
  });
});
