import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const program = resolve('bin', 'cosa');

/** Runs the built program and gives back its JSON result; progress and messages go to the terminal if `watched`. */
async function run(
  directory: string,
  args: readonly string[],
  watched: boolean,
): Promise<{ status: number; stdout: string }> {
  const child = spawn(program, ['--json', ...args], {
    cwd: directory,
    stdio: ['inherit', 'pipe', watched ? 'inherit' : 'ignore'],
  });
  const ended = new Promise<number>((settle, reject) => {
    child.once('error', reject);
    child.once('close', (code) => settle(code ?? 1));
  });
  const stdout = await text(child.stdout);
  return { status: await ended, stdout };
}

/** Runs a command quietly, whatever its status. */
export async function cosa(directory: string, args: readonly string[]): Promise<{ status: number }> {
  return run(directory, args, false);
}

/** Runs a command with its progress shown; if it fails, so does this process, with the same status. */
export async function cosaOrExit<Result>(directory: string, args: readonly string[]): Promise<Result> {
  // Ctrl-C reaches the command, too: let it clean up and speak first.
  const wait = () => undefined;
  process.on('SIGINT', wait);
  const { status, stdout } = await run(directory, args, true);
  process.off('SIGINT', wait);
  if (status !== 0) {
    console.error(`\nThe demo stopped here. What is done is kept: npm run demo goes on from there.`);
    process.exit(status);
  }
  return JSON.parse(stdout) as Result;
}
