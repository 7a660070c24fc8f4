import { createInterface } from 'node:readline';
import { type SandboxOptions, startInSandbox } from '../exec/sandbox.ts';
import { CosaError } from '../lib/errors.ts';
import { formatDuration } from '../lib/format.ts';
import type { BackendContext } from './backend.ts';

/** A script that says nothing for so long waits for something that never comes. */
const mostSilentSeconds = 600;

/**
 * Runs a package manager in a sandbox, and ends it if nothing is heard of it for too long: one of its packages' scripts hangs.
 * @param onLine called for each line of either stream; within one stream, lines stay in their order
 * @returns how it ended: killed for its silence, or with an exit status that is an error (`TOOL_FAILED`)
 * @throws CosaError what {@link startInSandbox} throws; the signal's reason
 */
export async function runUntilSilent(
  sandbox: SandboxOptions,
  command: readonly string[],
  onLine: (line: string) => void,
  { reporter, silentSeconds = mostSilentSeconds }: BackendContext,
): Promise<'done' | 'silent' | CosaError> {
  const silence = new AbortController();
  const signal = AbortSignal.any([reporter.signal, silence.signal]);
  const timer = setTimeout(() => silence.abort(), silentSeconds * 1000);
  const heard = (line: string) => {
    timer.refresh();
    onLine(line);
  };
  try {
    const program = await startInSandbox(sandbox, command, { signal, onStderrLine: heard });
    program.stdin.end();
    for await (const line of createInterface({ input: program.stdout })) heard(line);
    await program.done;
    return 'done';
  } catch (cause) {
    reporter.signal.throwIfAborted();
    if (silence.signal.aborted) return 'silent';
    // What the package manager's own words say is found in them.
    if (cause instanceof CosaError && cause.code === 'TOOL_FAILED') return cause;
    throw cause;
  } finally {
    clearTimeout(timer);
  }
}

/** @param script which one it was, if that is known */
export function silentError(
  script: string | undefined,
  { silentSeconds = mostSilentSeconds }: Pick<BackendContext, 'silentSeconds'>,
): CosaError {
  const silence = `said nothing for ${formatDuration(silentSeconds * 1000)}, and was ended`;
  return new CosaError('PACKAGE_INSTALL_FAILED', `${script ?? 'a script of the packages'} ${silence}`, {
    hint: 'it waits for something that a build does not have: a network, an answer, a daemon; see with --verbose what it said last',
  });
}
