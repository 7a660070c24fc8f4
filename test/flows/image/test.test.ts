import { expect, test } from 'vitest';
import { logDirectory } from '../../../src/flows/image/test.ts';

test.each([
  [undefined, '/work/tests/1.2'],
  ['/artifacts', '/artifacts/tests/1.2'],
  ['../artifacts', '/work/artifacts/tests/1.2'],
])('logs of tests go to %s, or else to the work directory', (logs, expected) => {
  expect(logDirectory({ directory: '/work/below', logs }, '/work', '1.2')).toBe(expected);
});
