import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareVersions } from '../../../src/publish/metadata/version-order.ts';

it.each([
  ['13.0.2', '13.0.10'],
  ['44.20260707.3.1', '44.20260707.10.0'],
  ['9.20260101.0', '10.20260101.0'],
  ['13', '13.0'],
  ['1.0~rc1', '1.0'],
  ['1.0~~', '1.0~'],
  ['13.0.a', '13.0.1'],
  ['13.0.a', '13.0.b'],
  ['13.09', '13.10'],
  ['412.86.202301311551-0', '412.86.202301311551-1'],
])('%s comes before %s', (older, newer) => {
  expect(compareVersions(older, newer)).toBeLessThan(0);
  expect(compareVersions(newer, older)).toBeGreaterThan(0);
});

it('is an order of all versions', () => {
  const version = fc.stringMatching(/^[0-9a-c][0-9a-c.~_-]{0,8}$/);
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      expect(compareVersions(a, b) === 0).toBe(a === b);
      if (compareVersions(a, b) < 0 && compareVersions(b, c) < 0) expect(compareVersions(a, c)).toBeLessThan(0);
    }),
    { numRuns: 500 },
  );
});
