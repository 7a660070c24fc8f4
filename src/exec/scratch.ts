import { lstat, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../lib/directories.ts';
import { isSystemError, usageError } from '../lib/errors.ts';
import { namesIn } from '../lib/files.ts';
import { ifExists } from '../lib/if-exists.ts';
import { lockFile, tryLockFile } from './lock.ts';
import { asNamespaceRoot } from './namespace.ts';
import { tryRun } from './run.ts';
import { tools } from './tools.ts';

/** A directory for what is needed until something is done. Disposing of it removes it with all that is in it. */
export interface Scratch extends AsyncDisposable {
  /** Absolute, mode 0700. */
  readonly path: string;
}

/** Six characters follow: mkdtemp(3). */
const prefix = '.cosa-';
const pattern = /^\.cosa-[A-Za-z0-9]{6}$/;
const lockName = 'in-use.lock';

/** Others can come in between so often that something else must be wrong. */
const mostAttempts = 20;

/**
 * Makes a directory for temporary things in `base`, and removes there what killed processes have left. Its process holds a
 * lock in it, which ends with the process, however it ends: whose lock can be taken is left. So it does not matter
 * whether two processes ever have the same number, nor how many were killed.
 * @param base made if missing; may belong to everybody, as /var/tmp does: others' directories are left alone
 * @throws CosaError `DIRECTORY_UNUSABLE` (exit 2), system errors if nothing can be written to `base`
 */
export async function openScratch(base: string): Promise<Scratch> {
  await makeDirectory(base);
  await removeLeftovers(base);
  for (let attempt = 1; ; attempt++) {
    const path = await makeTemporary(base);
    const made = await inodeOf(path);
    const lock = await lockFile(join(path, lockName)).catch((error: unknown) => {
      // Whoever took it for a left one may be removing it just now.
      if (attempt < mostAttempts) return undefined;
      throw error;
    });
    if (lock === undefined) continue;
    // Another process may have taken it for a left one before it was locked.
    if ((await inodeOf(join(path, lockName))) !== undefined && (await inodeOf(path)) === made) {
      return { path, [Symbol.asyncDispose]: () => remove(path, lock) };
    }
    await remove(path, lock);
  }
}

async function makeTemporary(base: string): Promise<string> {
  try {
    return await mkdtemp(join(base, prefix));
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT') && !isSystemError(cause, 'EROFS')) throw cause;
    throw usageError('DIRECTORY_UNUSABLE', `nothing can be written to the directory ${base}`, {
      hint: 'name another directory',
      cause,
    });
  }
}

/** Paths of the temporary directories of this user in `base`, those in use and those that are left. */
export async function listScratches(base: string): Promise<string[]> {
  const paths = (await namesIn(base)).filter((name) => pattern.test(name)).map((name) => join(base, name));
  const stats = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined)));
  return paths.filter((_, index) => stats[index]?.isDirectory() && stats[index].uid === process.getuid?.());
}

/** True for the directory of a process that lives, or of one that somebody is removing. */
export async function isScratchInUse(path: string): Promise<boolean> {
  try {
    const lock = await tryLockFile(join(path, lockName));
    await lock?.[Symbol.asyncDispose]();
    return lock === undefined;
  } catch {
    // Gone just now.
    return true;
  }
}

async function removeLeftovers(base: string): Promise<void> {
  for (const path of await listScratches(base)) {
    try {
      const lock = await tryLockFile(join(path, lockName));
      if (lock !== undefined) await remove(path, lock);
    } catch {
      // Its owner, or another who tidies up, is removing it just now; else the next one will try again.
    }
  }
}

/** The lock's file goes last: until then nobody else can take the directory for a left one. */
async function remove(path: string, lock: AsyncDisposable): Promise<void> {
  try {
    // What a killed process had started may be writing for a moment longer.
    const options = { recursive: true, force: true, maxRetries: 5 } as const;
    const names = (await namesIn(path)).filter((name) => name !== lockName);
    // A whole system is removed with a third of the processor time. What it leaves, the next lines remove or complain of.
    const trees = await fullDirectoriesAmong(path, names);
    if (trees.length > 0) await removeTrees(trees);
    for (const name of names) await rm(join(path, name), options);
    await rm(path, options);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

/** Some may hold files of other users, which only root of a namespace can remove. */
async function removeTrees(paths: readonly string[]): Promise<void> {
  const args = ['--recursive', '--force', '--', ...paths];
  if ((await tryRun(tools.rm, args)).exitCode === 0 || process.getuid?.() === 0) return;
  const inside = await asNamespaceRoot(tools.rm, args).catch(() => undefined);
  if (inside !== undefined) await tryRun(inside.tool, inside.args);
}

/** The empty ones are removed here: no program has to be started for them. */
async function fullDirectoriesAmong(path: string, names: readonly string[]): Promise<string[]> {
  // Whatever still writes there may remove it as well.
  const stats = await Promise.all(names.map((name) => ifExists(lstat(join(path, name)))));
  const directories = names.filter((_, index) => stats[index]?.isDirectory()).map((name) => join(path, name));
  const isFull = await Promise.all(
    directories.map((directory) =>
      rmdir(directory).then(
        () => false,
        () => true,
      ),
    ),
  );
  return directories.filter((_, index) => isFull[index]);
}

async function inodeOf(path: string): Promise<number | undefined> {
  return lstat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
