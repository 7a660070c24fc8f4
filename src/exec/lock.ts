import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { start } from './run.ts';
import type { Tool } from './tool.ts';

export const flock: Tool = {
  name: 'flock',
  packages: { deb: 'util-linux', rpm: 'util-linux' },
  purpose: 'locks the work directory',
};

/**
 * Takes an exclusive lock on a file (made if missing), waiting for it, and gives it back on disposal.
 *
 * The lock is the kernel's (flock(2)), held by a `flock FILE cat` whose stdin is our pipe: when this
 * process is killed, however hard, the pipe closes, cat ends and the lock is free. No stale locks.
 */
export async function lockFile(path: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const holder = start(flock, ['--exclusive', path, 'cat']);
  holder.stdin.write('.');
  // cat runs only once flock holds the lock: its echo is the sign.
  await Promise.race([new Promise((resolve) => holder.stdout.once('data', resolve)), holder.done]);
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      holder.stdout.resume();
      await holder.done;
    },
  };
}

/** Runs `action` under {@link lockFile}. */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const lock = await lockFile(path);
  try {
    return await action();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}
