import { writeFile } from 'node:fs/promises';
import { lockFile, tryLockFile } from '../exec/lock.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import type { Pipeline } from './step.ts';

/** Who waits, is told so, and can be interrupted. */
export type LockWaiter = Pick<Pipeline, 'events' | 'signal'>;

/** Bytes; a number stands in the file. */
const maximumLockBytes = 4096;

/**
 * Takes an exclusive lock on a file, made if missing. If another process holds it, says whom it waits for.
 * @param whose who may hold it, as a person would say it: "another build in this work directory"
 * @throws what aborted the signal
 */
export async function waitForLock(waiter: LockWaiter, path: string, whose: string): Promise<AsyncDisposable> {
  const lock = (await tryLockFile(path)) ?? (await waitFor(waiter, path, whose));
  // For whoever waits for us.
  await writeFile(path, `${process.pid}\n`);
  return lock;
}

async function waitFor({ events, signal }: LockWaiter, path: string, whose: string): Promise<AsyncDisposable> {
  const holder = (await readTextIfExists(path, maximumLockBytes))?.trim() ?? '';
  const process = /^\d+$/.test(holder) ? `, process ${holder}` : '';
  events({ type: 'warning', message: `waiting for ${whose}${process}`, hint: undefined });
  return lockFile(path, 'exclusive', signal);
}
