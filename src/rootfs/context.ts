import type { RunResult } from '../exec/run.ts';
import { type Bind, tryRunInSandbox } from '../exec/sandbox.ts';
import type { Reporter } from '../progress/reporter.ts';
import type { RootfsRequest } from './request.ts';

/** What every step gets: the tree it changes, and where it tells what it made. */
export interface RootContext {
  /** Absolute path of the tree on the host: a private copy, changed in place. */
  readonly root: string;
  readonly request: RootfsRequest;
  readonly reporter: Reporter;
  /** Component by absolute path in the root, of files that no package owns as they are. Later entries win. */
  readonly generated: Map<string, string>;
  /** Set by the kernel step. */
  kernelRelease: string;
  /** os-release as the packages have it and as the build's version has made it, and the former's time. */
  osRelease?: { text: string; versioned: string; modified: Date };
}

export interface RootStep {
  /** What the step does, for the log: "copy overlays". */
  readonly title: string;
  run(context: RootContext): Promise<void>;
}

/**
 * Runs one of the root's own programs inside the root, without network; its output goes to the log.
 * A non-zero exit status is a result: the caller knows what it means.
 * @param options.timestamp what the program takes for the present, in seconds since the epoch; the build's unless given
 */
export async function runInRoot(
  context: RootContext,
  command: readonly string[],
  options: { binds?: readonly Bind[]; timestamp?: number } = {},
): Promise<RunResult> {
  const { root, request, reporter } = context;
  const { timestamp = request.timestamp, ...rest } = options;
  const env = { SOURCE_DATE_EPOCH: String(timestamp) };
  const runOptions = { signal: reporter.signal, onStderrLine: reporter.log };
  const result = await tryRunInSandbox({ root, architecture: request.basearch, env, ...rest }, command, runOptions);
  for (const line of result.stdout.split('\n')) if (line !== '') reporter.log(line);
  return result;
}

/** The last lines of a program's output, for an error message. */
export function lastLines(result: RunResult, count = 12): string {
  const text = `${result.stdout}\n${result.stderr}`;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n');
}
