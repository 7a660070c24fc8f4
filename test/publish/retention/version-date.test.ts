import { expect, it } from 'vitest';
import { dateOfVersion, timeOf } from '../../../src/publish/retention/version-date.ts';

it.each([
  ['43.20260131.3.0', Date.UTC(2026, 0, 31)],
  ['13.20260131', Date.UTC(2026, 0, 31)],
  ['20260131-1', Date.UTC(2026, 0, 31)],
  ['43.20261331.3.0', undefined],
  ['43.20260230.3.0', undefined],
  ['13.0.1', undefined],
  ['4320260131', undefined],
])('the date of %s', (version, expected) => {
  expect(dateOfVersion(version)).toBe(expected);
});

it('a time is what RFC 3339 has', () => {
  expect(timeOf('2026-01-31T00:00:00Z')).toBe(Date.UTC(2026, 0, 31));
  expect(timeOf('yesterday')).toBeUndefined();
  expect(timeOf(undefined)).toBeUndefined();
});
