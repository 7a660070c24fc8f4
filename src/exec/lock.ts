import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { makeDirectory } from '../lib/directories.ts';
import { CosaError, isSystemError } from '../lib/errors.ts';
import { programEnvironment } from './environment.ts';
import { missingTool, toolFailure } from './tool-errors.ts';
import { tools } from './tools.ts';

/**
 * Takes a lock on a file (made if missing), waiting for it, and gives it back on disposal.
 *
 * The lock is the kernel's (flock(2)), held by a `flock FILE cat` whose stdin is our pipe: when this
 * process is killed, however hard, the pipe closes, cat ends and the lock is free. No stale locks.
 * @param mode `shared` locks go together with each other, not with an exclusive one
 * @param signal ends the waiting
 */
export async function lockFile(
  path: string,
  mode: 'exclusive' | 'shared' = 'exclusive',
  signal?: AbortSignal,
): Promise<AsyncDisposable> {
  const holder = await hold(path, [`--${mode}`], signal);
  if (holder === undefined) throw new CosaError('LOCK_FAILED', `the lock on ${path} was given up before it was held`);
  return holder;
}

/** As {@link lockFile}, exclusive, but without waiting: `undefined` if somebody else holds the lock. */
export async function tryLockFile(path: string): Promise<AsyncDisposable | undefined> {
  return hold(path, ['--exclusive', '--nonblock', '--conflict-exit-code', '0']);
}

async function hold(
  path: string,
  flags: readonly string[],
  signal?: AbortSignal,
): Promise<AsyncDisposable | undefined> {
  await requireUsable(path);
  signal?.throwIfAborted();
  const holder = startHolder([...flags, path, tools.cat.name]);
  const giveUp = () => holder.kill();
  signal?.addEventListener('abort', giveUp);
  // flock may end without reading what we send, when another process holds the lock.
  holder.stdin.on('error', () => undefined);
  holder.stdin.write('.');
  try {
    // cat runs only once flock holds the lock: its echo is the sign.
    const held = await Promise.race([
      new Promise<true>((resolve) => holder.stdout.once('data', () => resolve(true))),
      holder.done.then(() => false as const),
    ]);
    if (!held) return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      holder.stdout.resume();
      await holder.done;
    },
  };
}

/** What forbids the lock is told in the system's words, which name the path, and not as flock's exit status. */
async function requireUsable(path: string): Promise<void> {
  await makeDirectory(dirname(path));
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_CREAT);
  } catch (error) {
    // A directory can be locked, too.
    if (!isSystemError(error, 'EISDIR')) throw error;
  } finally {
    await handle?.close();
  }
}

/**
 * Not with `start`: what that needs takes longer to load than many a command takes that locks something. In a process
 * group of its own, so that the terminal's Ctrl-C does not give the lock up while we still finish our work.
 */
function startHolder(args: readonly string[]) {
  const child = spawn(tools.flock.name, args, { env: programEnvironment(), detached: true, stdio: 'pipe' });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(isSystemError(error, 'ENOENT') ? missingTool(tools.flock) : error));
    child.once('close', (exitCode, signal) => {
      if (exitCode === 0) resolve();
      else if (exitCode !== null) reject(toolFailure(tools.flock, args, exitCode, stderr));
      else reject(new CosaError('TOOL_FAILED', `${tools.flock.name} was ended by ${signal}`));
    });
  });
  // Awaited when the lock is given back; until then a failure must not count as unhandled.
  done.catch(() => undefined);
  const { stdin, stdout }: { stdin: Writable; stdout: Readable } = child;
  return { stdin, stdout, done, kill: () => void child.kill() };
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
