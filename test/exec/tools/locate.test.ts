import { expect, test } from 'vitest';
import { locate } from '../../../src/exec/tools/locate.ts';
import { tools } from '../../../src/exec/tools.ts';

test('a program is looked for among programs, a library where Python finds it', async () => {
  expect(await locate(tools.true)).toMatch(/^\/.*\/true$/);
  expect(await locate({ ...tools.true, name: 'no-such-program' })).toBeUndefined();
  expect(await locate(tools.dnf)).toMatch(/\/dnf\/__init__\.py$/);
  const library = (...python: string[]) => locate({ ...tools.dnf, python });
  expect(await library('no_such_module', 'json')).toMatch(/\/json\/__init__\.py$/);
  expect(await library('no_such_module')).toBeUndefined();
});
