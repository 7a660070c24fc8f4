import { expect, test } from 'vitest';
import { bootExample, failures } from '../boot.ts';

test('the system boots a second time, and has kept its state', async () => {
  const { report } = await bootExample(['reboot'], 'bios');
  expect(failures(report)).toEqual([]);
});

test('a deployment that is made in the running system is what boots next', async () => {
  const { report } = await bootExample(['deploy'], 'bios');
  expect(failures(report)).toEqual([]);
});
