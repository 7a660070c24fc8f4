import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type RunningProgram, run, start, tryRun } from '../../../src/exec/run.ts';
import type { Tool } from '../../../src/exec/tools.ts';

const checkout = resolve(import.meta.dirname, '../../..');

function tool(name: string): Tool {
  return { name, packages: { deb: 'util-linux', rpm: 'util-linux' }, purpose: 'is tested' };
}

const node = (directory: string, ...args: readonly string[]) => [
  ...[process.execPath, '--import', join(directory, 'node_modules/tsx/dist/loader.mjs')],
  ...[join(directory, 'test/exec/bound/program.ts'), ...args],
];

/** Kills a program, and waits until the process that it has told of is gone: if that lives on, for ever. */
async function killAndWait(program: RunningProgram): Promise<void> {
  const [line] = (await Promise.race([once(program.stdout, 'data'), program.done])) as [Buffer];
  const [pid = '', uid] = line.toString().trim().split(' ');
  expect(uid).toBe('0');
  program.kill('SIGKILL');
  await program.done.catch(() => undefined);
  await run(tool('tail'), [`--pid=${pid}`, '--follow', '/dev/null']);
  expect((await tryRun(tool('kill'), ['-0', pid])).exitCode).toBe(1);
}

test('a program does not outlive the process that has started it', async () => {
  const [command = '', ...args] = node(checkout, 'program');
  await killAndWait(await start(tool(command), args));
});

test("an ordinary user's namespace does not outlive the process that has made it", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-bound-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'passwd'), 'root:x:0:0::/:/bin/sh\nsomebody:x:54321:54321::/:/bin/sh\n');
  await writeFile(join(directory, 'subids'), 'somebody:200000:65536\n');
  // A machine where there is such a user, whoever is on this one; who may read the checkout, wherever it is.
  const places = ['passwd /etc/passwd', 'subids /etc/subuid', 'subids /etc/subgid'];
  const script = [
    ...places.map((place) => `mount --bind "$1"/${place}`),
    'mount --bind "$2" /mnt',
    'cd /mnt',
    'shift 2',
    'exec setpriv --reuid=54321 --regid=54321 --clear-groups "$@"',
  ].join(' && ');
  const command = ['sh', '-c', script, 'sh', directory, checkout, ...node('/mnt')];
  await killAndWait(await start(tool('unshare'), ['--mount', '--propagation', 'private', '--', ...command]));
});
