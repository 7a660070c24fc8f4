import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ProgramTime, timeProgramTree } from './measure.ts';

const checkout = resolve(import.meta.dirname, '..');

export interface ExampleWorkDirectory extends AsyncDisposable {
  /** Everything lies in here, and goes with it. */
  directory: string;
  /** A copy of the example, to be changed. */
  config: string;
  work: string;
  /**
   * Runs the built program in the work directory.
   * @returns with the steps that took a tenth of a second or more, as the program words them
   */
  cosa(...args: string[]): Promise<ProgramTime & { steps: string[] }>;
}

/** A work directory for the example, with its packages chosen and downloaded, and nothing built. */
export async function exampleWorkDirectory(): Promise<ExampleWorkDirectory> {
  const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
  const config = join(directory, 'config');
  const work = join(directory, 'work');
  cpSync(join(checkout, 'examples/debian-coreos'), config, { recursive: true, verbatimSymlinks: true });
  mkdirSync(work);

  async function cosa(...args: string[]) {
    const { lines, ...time } = await timeProgramTree(join(checkout, 'bin/cosa'), args, { cwd: work });
    const steps = lines.flatMap((line) => /^(?:done|cached) +(.*)/.exec(line)?.[1] ?? []);
    return { ...time, steps: steps.filter((step) => !/\b0\.0 s\)?$/.test(step)) };
  }

  await cosa('init', '--stream', 'bench', config);
  await cosa('fetch', '--update-lockfile');
  return {
    directory,
    config,
    work,
    cosa,
    async [Symbol.asyncDispose]() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
