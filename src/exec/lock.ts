import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { CosaError, isSystemError } from '../lib/errors.ts';
import { programEnvironment } from './environment.ts';
import type { Tool } from './tool.ts';
import { missingTool, toolFailure } from './tool-errors.ts';

export const flock: Tool = {
  name: 'flock',
  packages: { deb: 'util-linux', rpm: 'util-linux' },
  purpose: 'locks the work directory',
};

/**
 * Takes a lock on a file (made if missing), waiting for it, and gives it back on disposal.
 *
 * The lock is the kernel's (flock(2)), held by a `flock FILE cat` whose stdin is our pipe: when this
 * process is killed, however hard, the pipe closes, cat ends and the lock is free. No stale locks.
 * @param mode `shared` locks go together with each other, not with an exclusive one
 */
export async function lockFile(path: string, mode: 'exclusive' | 'shared' = 'exclusive'): Promise<AsyncDisposable> {
  const holder = await hold(path, [`--${mode}`]);
  if (holder === undefined) throw new CosaError('LOCK_FAILED', `the lock on ${path} was given up before it was held`);
  return holder;
}

/** As {@link lockFile}, exclusive, but without waiting: `undefined` if somebody else holds the lock. */
export async function tryLockFile(path: string): Promise<AsyncDisposable | undefined> {
  return hold(path, ['--exclusive', '--nonblock', '--conflict-exit-code', '0']);
}

async function hold(path: string, flags: readonly string[]): Promise<AsyncDisposable | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const holder = startHolder([...flags, path, 'cat']);
  // flock may end without reading what we send, when another process holds the lock.
  holder.stdin.on('error', () => undefined);
  holder.stdin.write('.');
  // cat runs only once flock holds the lock: its echo is the sign.
  const held = await Promise.race([
    new Promise<true>((resolve) => holder.stdout.once('data', () => resolve(true))),
    holder.done.then(() => false as const),
  ]);
  if (!held) return undefined;
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      holder.stdout.resume();
      await holder.done;
    },
  };
}

/**
 * Not with `start`: what that needs takes longer to load than many a command takes that locks something. In a process
 * group of its own, so that the terminal's Ctrl-C does not give the lock up while we still finish our work.
 */
function startHolder(args: readonly string[]): { stdin: Writable; stdout: Readable; done: Promise<void> } {
  const child = spawn(flock.name, args, { env: programEnvironment(), detached: true, stdio: 'pipe' });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(isSystemError(error, 'ENOENT') ? missingTool(flock) : error));
    child.once('close', (exitCode, signal) => {
      if (exitCode === 0) resolve();
      else if (exitCode !== null) reject(toolFailure(flock, args, exitCode, stderr));
      else reject(new CosaError('TOOL_FAILED', `${flock.name} was ended by ${signal}`));
    });
  });
  // Awaited when the lock is given back; until then a failure must not count as unhandled.
  done.catch(() => undefined);
  return { stdin: child.stdin, stdout: child.stdout, done };
}

/** Runs `action` under an exclusive {@link lockFile}. */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const lock = await lockFile(path);
  try {
    return await action();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}
