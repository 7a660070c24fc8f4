import { setFlagsFromString } from 'node:v8';
import { exitStatus } from '../lib/exit-status.ts';
import { listenForSignals } from './interruption.ts';
import type { CommandLineHost } from './run.ts';
import { versionFlags, versionLine } from './version.ts';

// Whoever asks for the version alone waits for these few files. All else is loaded when it is needed.

/**
 * How many bytes of bytecode of a function run before V8 looks whether to optimize it; by itself, some 66,000. Most
 * commands end before that pays: a sixth of their processor time went into it. Long ones lose nothing.
 */
const bytecodeBeforeOptimization = '--interrupt-budget=500000';

/**
 * The program: what `bin/cosa` calls. Leaves the exit status in `process.exitCode` and returns when
 * all is done; output that is still in a pipe is then written by the event loop.
 * @param argv as `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  setFlagsFromString(bytecodeBeforeOptimization);
  // Modes of files end up in containers and disks: they must not depend on the caller's mask.
  process.umask(0o022);
  const output = watchOutput();
  const args = argv.slice(2);
  if (args.length === 1 && versionFlags.includes(args[0] ?? '')) {
    process.stdout.write(`${versionLine}\n`);
    return;
  }
  const interruption = listenForSignals(process);
  const host: CommandLineHost = {
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal: interruption.signal,
    now: () => performance.now(),
  };
  const { runCommandLine } = await import('./run.ts');
  const status = await runCommandLine(args, host);
  process.exitCode = interruption.status() ?? output.status() ?? status;
}

/**
 * A reader that goes away (`cosa list | head -1`) is no error: what it wanted it has. A result that cannot be written
 * down is one, and of messages that cannot be, nobody can be told.
 */
function watchOutput(): { status: () => number | undefined } {
  let status: number | undefined;
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || status !== undefined) return;
    status = exitStatus.failed;
    // The result is the last thing that is written: the status may be decided already.
    process.exitCode = status;
    void import('./output-failure.ts').then(({ reportOutputFailure }) => reportOutputFailure(error));
  });
  return { status: () => status };
}
