import { cp, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type RunResult, tryRun } from '../../src/exec/run.ts';
import { withLock } from '../../src/exec/lock.ts';

/** The checkout that is tested. */
export const checkout = resolve(import.meta.dirname, '../..');

/** Where integration and boot tests keep what they build: one real operating system serves them all. */
export const testWork = resolve(checkout, '.test-work');

const stream = 'testing-devel';

/** Runs the built program as a user would, and gives back what it wrote. */
export async function cosa(directory: string, args: readonly string[], env: Record<string, string> = {}): Promise<RunResult> {
  const program = { name: resolve(checkout, 'bin/cosa'), packages: { deb: '', rpm: '' }, purpose: 'is what is tested' };
  return tryRun(program, args, { cwd: directory, env: { NO_COLOR: '1', ...env } });
}

/** As {@link cosa}, for a call that must succeed: its error shows what the program wrote. */
export async function cosaOk(directory: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const result = await cosa(directory, args, env);
  if (result.exitCode !== 0) throw new Error(`cosa ${args.join(' ')}: exit ${result.exitCode}\n${result.stderr}`);
  return result.stdout;
}

/**
 * A work directory with the example built in it. The first caller builds, which takes a minute or two;
 * for later callers, in this run or the next, cosa itself finds that nothing has changed.
 */
export async function builtWorkDirectory(): Promise<string> {
  const directory = resolve(testWork, 'main');
  return withLock(resolve(testWork, '.main.lock'), async () => {
    await mkdir(directory, { recursive: true });
    await initialise(directory);
    await cosaOk(directory, ['ostree', 'build']);
    return directory;
  });
}

/** Makes `directory` a work directory for the example config, if it is none yet. */
export async function initialise(directory: string, config = resolve(checkout, 'examples/debian-coreos')): Promise<void> {
  await mkdir(directory, { recursive: true });
  await cosaOk(directory, ['init', '--force', '--stream', stream, config]);
}

/** Gives another work directory the downloads of the shared one, so that no test downloads twice. */
export async function shareDownloads(from: string, to: string): Promise<void> {
  for (const part of ['packages', 'lock']) {
    await cp(resolve(from, 'cache', part), resolve(to, 'cache', part), { recursive: true, force: false });
  }
}
