import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nextOutput, type RunningProgram, run, start, tryRun } from '../../../src/exec/run.ts';
import type { Tool } from '../../../src/exec/tools.ts';
import { asOrdinaryUser } from '../../helpers/ordinary-user.ts';

const checkout = resolve(import.meta.dirname, '../../..');

function program(name: string): Tool {
  return { name, packages: { deb: 'util-linux', rpm: 'util-linux' }, purpose: 'is tested' };
}

/** Kills a program, and waits until the process that it has told of is gone: if that lives on, for ever. */
async function killAndWait(running: RunningProgram): Promise<void> {
  const line = await nextOutput(running);
  const [pid = '', uid] = line.toString().trim().split(' ');
  expect(uid).toBe('0');
  running.kill('SIGKILL');
  await running.done.catch(() => undefined);
  await run(program('tail'), [`--pid=${pid}`, '--follow', '/dev/null']);
  expect((await tryRun(program('kill'), ['-0', pid])).exitCode).toBe(1);
}

test('a program does not outlive the process that has started it', async () => {
  const args = [
    '--import',
    join(checkout, 'node_modules/tsx/dist/loader.mjs'),
    join(checkout, 'test/exec/bound/program.ts'),
  ];
  await killAndWait(await start(program(process.execPath), [...args, 'program']));
});

test("an ordinary user's namespace does not outlive the process that has made it", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-bound-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const { tool, args } = await asOrdinaryUser(directory, 'test/exec/bound/program.ts', []);
  await killAndWait(await start(tool, args));
});
