import { CosaError, exitStatus } from '../lib/errors.ts';
import { errorText } from './errors.ts';
import { listenForSignals } from './interruption.ts';
import { styleFor } from './render/style.ts';
import { type CommandLineHost, runCommandLine } from './run.ts';

/**
 * The program: what `bin/cosa` calls. Leaves the exit status in `process.exitCode` and returns when
 * all is done; output that is still in a pipe is then written by the event loop.
 * @param argv as `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  // Modes of files end up in containers and disks: they must not depend on the caller's mask.
  process.umask(0o022);
  const output = watchOutput();
  const interruption = listenForSignals(process);
  const host: CommandLineHost = {
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal: interruption.signal,
    now: () => performance.now(),
  };
  const status = await runCommandLine(argv.slice(2), host);
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
    const failure = new CosaError('OUTPUT_FAILED', `the result cannot be written: ${error.message}`);
    process.stderr.write(`${errorText(failure, styleFor(process.stderr, process.env), false)}\n`);
  });
  return { status: () => status };
}
