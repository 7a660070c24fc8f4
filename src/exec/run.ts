import { once } from 'node:events';
import { PassThrough, pipeline, type Readable, type Writable } from 'node:stream';
import type { Subprocess } from 'execa';
import { CosaError, isSystemError } from '../lib/errors.ts';
import { programEnvironment } from './environment.ts';
import { missingTool, stderrLinesInError, toolFailure } from './tool-errors.ts';
import { boundToUs } from './tools/setpriv.ts';
import { type Tool, tools } from './tools.ts';
import { which } from './which.ts';

export interface RunOptions {
  cwd?: string;
  /** Variables added to the small fixed environment that every program gets. */
  env?: Record<string, string>;
  /** Ends the program with SIGTERM, later SIGKILL. */
  signal?: AbortSignal;
  /** In a process group of its own the program does not get the terminal's Ctrl-C: it must end with its stdin. */
  ownProcessGroup?: boolean;
  /** Open files of ours that the program gets as its descriptors 3, 4 and so on; `ignore` leaves one out. */
  descriptors?: readonly (number | 'ignore')[];
  /** Called for each complete line the program writes to stderr, as it comes. */
  onStderrLine?: (line: string) => void;
}

/** For a program that runs to its end and whose output is kept. */
export interface WholeRunOptions extends RunOptions {
  /** What the program reads from stdin; empty unless given. */
  input?: string | Uint8Array;
  /** A program that prints more is ended; 256 MiB unless given. */
  maximumOutputBytes?: number;
}

export interface RunResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** A program that is running, with raw byte streams. */
export interface RunningProgram {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles when the program has ended; rejects as {@link run} does if it failed. */
  readonly done: Promise<void>;
  kill(signal?: NodeJS.Signals): void;
}

/**
 * Runs a program to its end and returns what it wrote. No shell is involved, ever; and the kernel kills the program
 * when this process dies, however hard.
 * @throws CosaError `TOOL_MISSING` (exit 3), `TOOL_FAILED` with the end of its stderr (exit 1)
 */
export async function run(tool: Tool, args: readonly string[], options: WholeRunOptions = {}): Promise<RunResult> {
  const result = await tryRun(tool, args, options);
  if (result.exitCode !== 0) throw toolFailure(tool, args, result.exitCode, result.stderr);
  return result;
}

/** As {@link run}, but a non-zero exit code is a result and not an error. */
export async function tryRun(tool: Tool, args: readonly string[], options: WholeRunOptions = {}): Promise<RunResult> {
  const maxBuffer = options.maximumOutputBytes ?? 256 * 1024 * 1024;
  const execa = await loadExeca();
  const child = execa(tools.setpriv.name, boundToUs([tool.name, ...args]), {
    ...spawnOptions(options),
    stdio: streamsAnd(options.descriptors),
    input: options.input ?? '',
    stripFinalNewline: false,
    maxBuffer,
  });
  const { onStderrLine } = options;
  if (onStderrLine !== undefined) await forEachLine(child, onStderrLine);
  const result = await child;
  // However it ended then: a part of its output is not its output.
  if (result.isMaxBuffer) throw new CosaError('TOOL_FAILED', `${tool.name} printed more than ${maxBuffer} bytes`);
  if (result.exitCode === undefined) throw notStarted(tool, args, result);
  if (wasMissing(tool, result.exitCode, result.stderr)) throw missingTool(tool);
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode };
}

/** Of a program's output, before somebody reads it. */
const keptBytes = 1 << 18;

/**
 * Starts a program whose stdin and stdout are streamed. The caller must await `done`, or the program's failure goes
 * unnoticed: that there is no such program is told there, too. And it must read stdout, resume it or destroy it: what
 * the program writes waits until then, and so may its end.
 */
export async function start(tool: Tool, args: readonly string[], options: RunOptions = {}): Promise<RunningProgram> {
  const execa = await loadExeca();
  const child = execa(tools.setpriv.name, boundToUs([tool.name, ...args]), {
    ...spawnOptions(options),
    stdio: streamsAnd(options.descriptors),
    buffer: false,
  });
  // Else execa throws away what comes before somebody reads, and so does Node when the program ends.
  const stdout = new PassThrough({ highWaterMark: keptBytes });
  pipeline(child.stdout, stdout, () => undefined);
  const lastLines: string[] = [];
  const lines = forEachLine(child, (line) => {
    lastLines.push(line);
    if (lastLines.length > stderrLinesInError) lastLines.shift();
    options.onStderrLine?.(line);
  });
  const done = lines.then(async () => {
    const result = await child;
    if (result.exitCode === undefined) throw notStarted(tool, args, result);
    if (wasMissing(tool, result.exitCode, lastLines.join('\n'))) throw missingTool(tool);
    if (result.exitCode !== 0) throw toolFailure(tool, args, result.exitCode, lastLines.join('\n'));
  });
  // The caller awaits `done` later; until then a failure must not count as unhandled.
  done.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    stdin: child.stdin,
    stdout,
    done,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
  };
}

/**
 * What a program writes next, of those that say so when they are ready. What comes behind it is lost unless somebody
 * listens.
 * @returns nothing if it has ended without a word
 * @throws CosaError `TOOL_MISSING` (exit 3), `TOOL_FAILED`
 */
export async function nextOutput({ stdout, done }: RunningProgram): Promise<Buffer> {
  const nothing = done.then(() => [Buffer.alloc(0)]);
  const [chunk] = (await Promise.race([once(stdout.resume(), 'data'), nothing])) as [Buffer];
  return chunk;
}

/**
 * Runs a program that takes our terminal over, and returns its exit status.
 * @throws CosaError `TOOL_MISSING` (exit 3), `TOOL_FAILED` if it could not be started or was ended by a signal
 */
export async function attach(tool: Tool, args: readonly string[]): Promise<number> {
  if ((await which(tool.name)) === undefined) throw missingTool(tool);
  const execa = await loadExeca();
  const result = await execa(tools.setpriv.name, boundToUs([tool.name, ...args]), {
    ...spawnOptions({ env: { TERM: process.env.TERM ?? 'dumb' } }),
    stdio: 'inherit',
  });
  if (result.exitCode === undefined) throw notStarted(tool, args, result);
  return result.exitCode;
}

/**
 * Runs a program that does our work in our place: with our terminal and our whole environment, and bound to nothing.
 * @param env variables added to ours
 * @returns how it ended
 */
export async function runInOurPlace(
  tool: Tool,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ exitCode?: number | undefined; signal?: string | undefined; cause?: unknown }> {
  const execa = await loadExeca();
  const child = execa(tool.name, args, { stdio: 'inherit', reject: false, env });
  // The terminal sends Ctrl-C to both; a SIGTERM sent to us alone must reach the child.
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on('SIGTERM', forward);
  process.on('SIGINT', () => undefined);
  const result = await child;
  process.off('SIGTERM', forward);
  return result;
}

/** With the first program: loading it takes longer than many a command that runs none. */
async function loadExeca() {
  return (await import('execa')).execa;
}

/** What was started is setpriv: it tells in words that there is no such program. */
function wasMissing(tool: Tool, exitCode: number, stderr: string): boolean {
  return exitCode === 127 && stderr.startsWith(`${tools.setpriv.name}: failed to execute ${tool.name}: No such file`);
}

function streamsAnd(descriptors: readonly (number | 'ignore')[] = []) {
  // Any open descriptor will do; execa's types know a few numbers alone.
  return ['pipe', 'pipe', 'pipe', ...(descriptors as readonly (3 | 'ignore')[])] as const;
}

function spawnOptions(options: RunOptions) {
  return {
    reject: false,
    extendEnv: false,
    env: programEnvironment(options.env),
    cleanup: true,
    detached: options.ownProcessGroup === true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  } as const;
}

/** Waits for the program's end as well. */
async function forEachLine(child: Pick<Subprocess, 'pid' | 'iterable'>, onLine: (line: string) => void): Promise<void> {
  // What could not be started has no such method.
  if (child.pid === undefined) return;
  for await (const line of child.iterable({ from: 'stderr' })) onLine(String(line));
}

interface Ending {
  cause?: unknown;
  isCanceled?: boolean;
  signal?: string | undefined;
  stderr?: unknown;
}

function notStarted(tool: Tool, args: readonly string[], ending: Ending): CosaError {
  if (isSystemError(ending.cause, 'ENOENT')) return missingTool(tools.setpriv);
  if (ending.isCanceled) return new CosaError('CANCELED', `${tool.name} was stopped`, { cause: ending.cause });
  if (ending.signal !== undefined) {
    return new CosaError('TOOL_FAILED', `${tool.name} was ended by ${ending.signal}`, { cause: ending.cause });
  }
  return new CosaError('TOOL_FAILED', `${tool.name} ${args[0] ?? ''} could not be started`, { cause: ending.cause });
}
