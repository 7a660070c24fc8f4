import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { asOrdinaryUser } from '../../helpers/ordinary-user.ts';

test("an ordinary user's temporary directory is removed with what belongs to his subordinate ids", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-foreign-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await chmod(directory, 0o777);
  const base = join(directory, 'base');
  const { tool, args } = await asOrdinaryUser(directory, 'test/exec/scratch/foreign-files.ts', [base]);
  expect((await run(tool, args)).stdout).toBe('of-another\nleft: \n');
});
