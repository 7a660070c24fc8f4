import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CosaError } from '../lib/errors.ts';
import type { Tool } from './tool.ts';

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
  // Starting programs takes modules that take long to load, and whoever only reads needs no lock.
  const { start } = await import('./run.ts');
  const holder = start(flock, [...flags, path, 'cat'], { ownProcessGroup: true });
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

/** Runs `action` under an exclusive {@link lockFile}. */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const lock = await lockFile(path);
  try {
    return await action();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}
