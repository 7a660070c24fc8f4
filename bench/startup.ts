// How long the program takes that has nothing to do: against Node.js with nothing to do, and skopeo's version.
// Usage: tsx bench/startup.ts [WORK_DIRECTORY]; WORK_DIRECTORY is built, and unchanged since; without one, the example is
// built first, as root. With the program built: whole processes are measured.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { least, type ProgramTime, timeProgram } from './measure.ts';

const rounds = 9;
const checkout = resolve(import.meta.dirname, '..');
const program = join(checkout, 'bin/cosa');

interface Command {
  name: string;
  run: readonly [string, ...string[]];
  /** The most seconds of wall time; with `node`, more than Node.js alone takes. */
  goal?: { seconds: number; beyond?: 'node' };
}

function commandsIn(work: string): Command[] {
  const cosa = (...args: string[]) => [program, '--quiet', '-C', work, ...args] as const;
  return [
    { name: 'node -e 0', run: [process.execPath, '-e', '0'] },
    { name: 'skopeo --version', run: ['skopeo', '--version'] },
    { name: 'cosa --version', run: [program, '--version'], goal: { seconds: 0.05, beyond: 'node' } },
    { name: 'cosa --help', run: [program, '--help'] },
    { name: 'cosa list', run: cosa('list'), goal: { seconds: 0.5 } },
    { name: 'cosa inspect', run: cosa('inspect'), goal: { seconds: 0.5 } },
    { name: 'cosa ostree build, nothing changed', run: cosa('ostree', 'build'), goal: { seconds: 0.8 } },
  ];
}

/** In turns: what else the machine does befalls all. */
async function measure(commands: readonly Command[]): Promise<ProgramTime[]> {
  const times = commands.map((): ProgramTime[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of commands.entries()) {
      const [command, ...args] = run;
      times[index]?.push(await timeProgram(command, args));
    }
  }
  return times.map(least);
}

function print({ name, goal }: Command, { wall, processor }: ProgramTime, node: number): void {
  const time = `${wall.toFixed(3).padStart(7)} s, processor ${processor.toFixed(3)} s  ${name}`;
  if (goal === undefined) {
    console.log(time);
    return;
  }
  const limit = goal.seconds + (goal.beyond === undefined ? 0 : node);
  console.log(`${time} (goal ${limit.toFixed(3)} s) ${wall <= limit ? 'ok' : 'TOO SLOW'}`);
}

function buildExample(directory: string): string {
  const config = join(directory, 'config');
  const work = join(directory, 'work');
  cpSync(join(checkout, 'examples/debian-coreos'), config, { recursive: true, verbatimSymlinks: true });
  mkdirSync(work);
  for (const args of [
    ['init', '--stream', 'bench', config],
    ['fetch', '--update-lockfile'],
    ['ostree', 'build'],
  ]) {
    execFileSync(program, ['--quiet', ...args], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return work;
}

const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
try {
  const commands = commandsIn(process.argv[2] ?? buildExample(directory));
  const times = await measure(commands);
  for (const [index, command] of commands.entries()) {
    const time = times[index];
    if (time !== undefined) print(command, time, times[0]?.wall ?? 0);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
