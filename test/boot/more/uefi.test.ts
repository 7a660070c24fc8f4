import { expect, test } from 'vitest';
import { bootExample, failures } from '../boot.ts';

test('the same disk boots with UEFI that enforces no signatures', async () => {
  const { report } = await bootExample(['basic.running', 'basic.commit', 'basic.firmware'], 'uefi');
  expect(failures(report)).toEqual([]);
});
