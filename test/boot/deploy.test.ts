import { expect, test } from 'vitest';
import { bootExample, failures } from './boot.ts';

test('a deployment that is made in the running system is what boots next', async () => {
  const { report } = await bootExample(['deploy'], 'bios');
  expect(failures(report)).toEqual([]);
});
