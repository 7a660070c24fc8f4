import { expect, it } from 'vitest';
import { buildTimestamp } from '../../../../src/flows/container/next-build/timestamp.ts';

it.each([
  [undefined, undefined, 5, 5],
  [undefined, 7, 5, 7],
  [undefined, 3, 5, 5],
  ['2', 7, 5, 2],
  ['0', 7, 5, 0],
])('SOURCE_DATE_EPOCH %s, commit %s, repositories %s: %s', (epoch, commit, repositories, expected) => {
  expect(buildTimestamp(epoch, commit, repositories)).toBe(expected);
});

it.each(['', 'now', '-1', '1.5', '123456789012'])('refuses SOURCE_DATE_EPOCH=%j', (epoch) => {
  expect(() => buildTimestamp(epoch, 1, 1)).toThrow(`SOURCE_DATE_EPOCH is "${epoch}"`);
});
