import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { bootExample, failures } from '../boot.ts';

// BIOS is what `npm test` boots the example with. The guest itself says by what it was booted: basic.firmware asks it.
test('the same disk boots with UEFI, Secure Boot enforced', async () => {
  const { report } = await bootExample(['basic.running', 'basic.commit', 'basic.firmware'], 'uefi-secure');
  expect(failures(report)).toEqual([]);
  expect(await readFile(report.suites[0]?.consoleLog ?? '', 'latin1')).toMatch(/[Ss]ecure ?boot enabled/);
});
