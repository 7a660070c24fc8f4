import { constants } from 'node:os';
import { type CommandLineHost, runCommandLine } from './run.ts';

/**
 * The program: what `bin/cosa` calls. Leaves the exit status in `process.exitCode` and returns when
 * all is done; output that is still in a pipe is then written by the event loop.
 * @param argv as `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  // Modes of files end up in containers and disks: they must not depend on the caller's mask.
  process.umask(0o022);
  ignoreBrokenPipes();
  const interruption = listenForSignals();
  const host: CommandLineHost = {
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal: interruption.signal,
    now: () => performance.now(),
  };
  const status = await runCommandLine(argv.slice(2), host);
  process.exitCode = interruption.status() ?? status;
}

/** A reader that goes away (`cosa list | head -1`) is no error: what it wanted it has. */
function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/**
 * The first SIGINT or SIGTERM asks the work to stop cleanly, the second ends the process at once:
 * everything is kept so that a kill loses nothing.
 */
function listenForSignals(): { signal: AbortSignal; status: () => number | undefined } {
  const controller = new AbortController();
  let status: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const code = 128 + constants.signals[name];
      if (status !== undefined) process.exit(code);
      status = code;
      controller.abort();
    });
  }
  return { signal: controller.signal, status: () => status };
}
