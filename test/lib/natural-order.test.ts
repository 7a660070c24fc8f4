import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareNaturally } from '../../src/lib/natural-order.ts';

it('orders names by the numbers in them', () => {
  const sorted = ['15.8-3', '2.12-9', '2.12-41', '2.12', '2.2-1', '02.12-9', 'a', ''].sort(compareNaturally);
  expect(sorted).toEqual(['', '2.2-1', '2.12', '02.12-9', '2.12-9', '2.12-41', '15.8-3', 'a']);
});

it('is an order', () => {
  const name = fc.stringMatching(/^[0-9a.-]{0,6}$/);
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      expect(Math.sign(compareNaturally(a, b)) + Math.sign(compareNaturally(b, a))).toBe(0);
      expect(compareNaturally(a, b) === 0).toBe(a === b);
      if (compareNaturally(a, b) <= 0 && compareNaturally(b, c) <= 0)
        expect(compareNaturally(a, c)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 500 },
  );
});
