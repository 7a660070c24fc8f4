import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, sortByBytes } from '../../src/lib/order.ts';

/** Any text, with characters on both sides of the surrogates more often than chance has them. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('a', 'b', '/', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}', '\u{10ffff}'),
  }),
);

const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('compareBytes', () => {
  it('is the order of the bytes', () => {
    fc.assert(fc.property(text, text, (a, b) => Math.sign(compareBytes(a, b)) === bytes(a, b)));
  });

  it('puts what lies beyond the BMP last, where JavaScript does not', () => {
    expect(['\uffff', '\u{10000}'].sort()).toEqual(['\u{10000}', '\uffff']);
    expect(['\u{10000}', '\uffff'].sort(compareBytes)).toEqual(['\uffff', '\u{10000}']);
  });
});

describe('sortByBytes', () => {
  it('sorts by the bytes, into a new array', () => {
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const before = [...texts];
        expect(sortByBytes(new Set(texts))).toEqual([...new Set(texts)].sort(bytes));
        expect(texts).toEqual(before);
      }),
    );
  });
});
