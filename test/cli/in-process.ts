import { Readable } from 'node:stream';
import type { InputStream } from '../../src/cli/input.ts';
import { runCommandLine } from '../../src/cli/run.ts';

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line in this process, as a pipe would see it unless `terminal` says otherwise. */
export async function cosa(
  args: readonly string[],
  options: { environment?: NodeJS.ProcessEnv; terminal?: boolean; signal?: AbortSignal; stdin?: InputStream } = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: options.terminal === true,
    columns: 100,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const status = await runCommandLine(args, {
    stdin: () => options.stdin ?? Readable.from([]),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    environment: options.environment ?? {},
    signal: options.signal ?? new AbortController().signal,
    now: () => 0,
  });
  return { status, ...written };
}
