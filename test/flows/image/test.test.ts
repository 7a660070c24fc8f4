import { expect, test } from 'vitest';
import { logDirectory } from '../../../src/flows/image/test.ts';

test.each([
  [undefined, '/place/tests/1.2'],
  ['/artifacts', '/artifacts/tests/1.2'],
  ['../artifacts', '/place/artifacts/tests/1.2'],
])('logs of tests go to %s, or else to the work directory', (logs, expected) => {
  expect(logDirectory({ directory: '/place/below', logs }, '/place', '1.2')).toBe(expected);
});
