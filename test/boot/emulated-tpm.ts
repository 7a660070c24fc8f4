import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run, start } from '../../src/exec/run.ts';
import { exists } from '../../src/lib/if-exists.ts';
import { program } from '../integration/fixture.ts';

/** Starts a TPM 2.0 of a program's, until the test is over. @returns the path of its control socket */
export async function emulatedTpm(): Promise<string> {
  // Sockets have short paths.
  const directory = await mkdtemp(join(tmpdir(), 'cosa-tpm-'));
  const state = join(directory, 'state');
  const socket = join(directory, 'socket');
  await mkdir(state);
  await run(program('swtpm_setup', 'swtpm-tools'), ['--tpm2', '--tpmstate', state]);
  const emulator = await start(program('swtpm'), [
    ...['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--ctrl', `type=unixio,path=${socket}`],
  ]);
  onTestFinished(async () => {
    emulator.kill('SIGKILL');
    await emulator.done.catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  });
  const ended = new AbortController();
  emulator.done.then(
    () => ended.abort(),
    (error: unknown) => ended.abort(error),
  );
  while (!(await exists(socket))) {
    ended.signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return socket;
}
