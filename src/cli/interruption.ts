import { constants } from 'node:os';

/** What is interrupted may clean up after itself for so long. */
const graceMilliseconds = 10_000;

/**
 * The first SIGINT or SIGTERM asks the work to stop cleanly, the second ends the process at once: everything is kept so
 * that a kill loses nothing. So does the first, some seconds later, if no work heeds it.
 * @returns the signal that work listens to, and the exit status that an interruption gives, if there was one
 */
export function listenForSignals(process: Pick<NodeJS.Process, 'on' | 'exit'>): {
  signal: AbortSignal;
  status: () => number | undefined;
} {
  const controller = new AbortController();
  let status: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const code = 128 + constants.signals[name];
      if (status !== undefined) process.exit(code);
      status = code;
      controller.abort();
      setTimeout(() => process.exit(code), graceMilliseconds).unref();
    });
  }
  return { signal: controller.signal, status: () => status };
}
