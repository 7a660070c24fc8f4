import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const program = resolve('bin', 'cosa');

type Destination = 'inherit' | 'pipe' | 'ignore';

async function run(
  directory: string,
  args: readonly string[],
  stdout: Destination,
  stderr: Destination,
): Promise<{ status: number; output: string }> {
  const child = spawn(program, args, { cwd: directory, stdio: ['inherit', stdout, stderr] });
  // Ctrl-C reaches the command, too: let it clean up and speak first.
  const wait = () => undefined;
  process.on('SIGINT', wait);
  const ended = new Promise<number>((settle, reject) => {
    child.once('error', reject);
    child.once('close', (code) => settle(code ?? 1));
  });
  const output = child.stdout === null ? '' : await text(child.stdout);
  const status = await ended;
  process.off('SIGINT', wait);
  return { status, output };
}

function exitIfFailed(status: number): void {
  if (status === 0) return;
  console.error('\nThe demo stopped here. What is done is kept: npm run demo goes on from there.');
  process.exit(status);
}

/** Whether a command succeeds; nothing of it is shown. */
export async function succeeds(directory: string, args: readonly string[]): Promise<boolean> {
  return (await run(directory, args, 'ignore', 'ignore')).status === 0;
}

/** Runs a command as a person would; if it fails, so does this process, with the same status. */
export async function show(directory: string, args: readonly string[]): Promise<void> {
  exitIfFailed((await run(directory, args, 'inherit', 'inherit')).status);
}

/** As {@link show}, but the result is given back and not shown. */
export async function result<Result>(directory: string, args: readonly string[]): Promise<Result> {
  const { status, output } = await run(directory, ['--json', ...args], 'pipe', 'inherit');
  exitIfFailed(status);
  return JSON.parse(output) as Result;
}
