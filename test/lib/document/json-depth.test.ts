import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { isDeeperThan } from '../../../src/lib/document/json-depth.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

it('counts arrays and objects, and no bracket of a string', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 8 }), (value, levels) => {
      expect(isDeeperThan(JSON.stringify(value), levels)).toBe(depthOf(value) > levels);
    }),
  );
});

it.each(['"[[[', '"\\"[[["', '"[[[\\\\"', ''])('takes %j for what it is', (text) => {
  expect(isDeeperThan(text, 0)).toBe(false);
});
