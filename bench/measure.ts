import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Runs `action` some times and gives the shortest time in seconds: what the machine can do when left alone. */
export async function fastest(rounds: number, action: () => Promise<unknown> | unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await action();
    best = Math.min(best, (performance.now() - begin) / 1000);
  }
  return best;
}

/** How long a program ran, and how long it kept processors busy, with the programs that it started; in seconds. */
export interface ProgramTime {
  wall: number;
  processor: number;
}

/**
 * Runs a program and measures all of it, its start-up included.
 * @throws Error with what it said, if it fails
 */
export async function timeProgram(command: string, args: readonly string[], cwd?: string): Promise<ProgramTime> {
  // The shell alone tells a program's processor time from that of others. Its words go to stdout, the program's to stderr.
  const script = '{ time "$@" >&3 2>&3; } 3>&2 2>&1';
  const environment = { ...process.env, TIMEFORMAT: '%R %U %S', LC_ALL: 'C' };
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', command, ...args], {
    cwd,
    env: environment,
  });
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = stdout.trim().split(' ').map(Number);
  return { wall, processor: user + system };
}

/**
 * As {@link timeProgram}, with what runs in namespaces too: bubblewrap leaves its last child to init, so that no parent
 * learns what it took. A control group counts all that was ever in it. As root.
 * @returns with the lines that the program wrote to stderr
 */
export async function timeProgramTree(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<ProgramTime & { lines: string[] }> {
  const group = mkdtempSync(join(ownControlGroup(), 'cosa-bench-'));
  try {
    const begin = performance.now();
    const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    const { stderr } = await promisify(execFile)('bash', ['-c', script, group, command, ...args], {
      ...options,
      maxBuffer: 1 << 28,
    });
    const wall = (performance.now() - begin) / 1000;
    while (readFileSync(join(group, 'cgroup.procs'), 'utf8') !== '') await delay(20);
    const [, microseconds] = /^usage_usec (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8')) ?? [];
    return { wall, processor: Number(microseconds) / 1e6, lines: stderr.split('\n').filter((line) => line !== '') };
  } finally {
    rmdirSync(group);
  }
}

/** Where this process stands in the second version of control groups, as a directory. */
function ownControlGroup(): string {
  const [, mounted] = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8')) ?? [];
  const [, place] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
  if (mounted === undefined || place === undefined)
    throw new Error('no control groups of the second version are mounted');
  return join(mounted, place);
}

/** Runs `action` in this process and measures it, with all threads and the programs that it ran to their end. */
export async function timeAction(action: () => Promise<unknown> | unknown): Promise<ProgramTime> {
  const begin = { wall: performance.now(), processor: processorSeconds() };
  await action();
  return { wall: (performance.now() - begin.wall) / 1000, processor: processorSeconds() - begin.processor };
}

/** Processor time of this process so far, in seconds. Children count: the kernel says what those that have ended took. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  const [, , childUser = '0', childSystem = '0'] =
    readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ').slice(11) ?? [];
  const ticksPerSecond = 100;
  return (user + system) / 1e6 + (Number(childUser) + Number(childSystem)) / ticksPerSecond;
}

/** The least wall and the least processor time of some runs. */
export function least(times: readonly ProgramTime[]): ProgramTime {
  return {
    wall: Math.min(...times.map(({ wall }) => wall)),
    processor: Math.min(...times.map(({ processor }) => processor)),
  };
}

/**
 * Prints one line: what, and wall and processor time of us and of a peer, with their ratios and the goal for the wall's,
 * or for each.
 */
export function reportBeside(what: string, ours: ProgramTime, peer: ProgramTime, goal: number | ProgramTime): void {
  const beside = (unit: keyof ProgramTime) =>
    `${ours[unit].toFixed(2).padStart(6)} s : ${peer[unit].toFixed(2).padStart(5)} s = ${(ours[unit] / peer[unit]).toFixed(2)} x`;
  const goals = typeof goal === 'number' ? { wall: goal, processor: Number.POSITIVE_INFINITY } : goal;
  const isReached = ours.wall / peer.wall <= goals.wall && ours.processor / peer.processor <= goals.processor;
  const shown = typeof goal === 'number' ? `goal ${goal} x` : `goals ${goal.wall} x, processor ${goal.processor} x`;
  const verdict = isReached ? 'ok' : 'TOO SLOW';
  console.log(`${beside('wall')}, processor ${beside('processor')}  ${what} (${shown}) ${verdict}`);
}

/** Prints one line: what, how long, and its ratio to a peer or floor measured in the same run, with the goal. */
export function report(what: string, seconds: number, against?: { seconds: number; goal: number }): void {
  const time = `${seconds.toFixed(2).padStart(7)} s`;
  if (against === undefined) {
    console.log(`${time}  ${what}`);
    return;
  }
  const ratio = seconds / against.seconds;
  const verdict = ratio <= against.goal ? 'ok' : 'TOO SLOW';
  console.log(`${time}  ${what}: ${ratio.toFixed(2)} x (goal ${against.goal} x) ${verdict}`);
}

/** The most memory that this process has had so far, in MiB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** The most memory that a program of Node's took in any of some runs, in MiB: it tells at its end. */
export async function peakMemoryOf(
  program: string,
  runs: readonly { args: readonly string[]; cwd: string }[],
): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'cosa-bench-peak-'));
  const file = join(scratch, 'peak');
  // Not the resource usage: a process begins with the peak of the one that started it.
  const hook = `import { appendFileSync, readFileSync } from 'node:fs';
    process.on('exit', () => {
      const [, kibibytes] = /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
      appendFileSync(${JSON.stringify(file)}, kibibytes + '\\n');
    });`;
  const node = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, program];
  // Not a synchronous call: a registry's log may have to be read meanwhile.
  for (const { args, cwd } of runs) await promisify(execFile)(process.execPath, [...node, ...args], { cwd });
  const peak = Math.max(...readFileSync(file, 'utf8').trim().split('\n').map(Number)) / 1024;
  rmSync(scratch, { recursive: true });
  return peak;
}

/** Prints a peak memory in MiB, with the goal. */
export function reportPeakMemory(goal: number, peak: number = peakMemory()): void {
  console.log(`${peak.toFixed(0).padStart(5)} MiB  peak memory (goal ${goal} MiB) ${peak <= goal ? 'ok' : 'TOO MUCH'}`);
}
