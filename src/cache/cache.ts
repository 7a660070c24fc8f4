import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../exec/lock.ts';
import { listScratches, openScratch } from '../exec/scratch.ts';
import { makeDirectory, makePrivateDirectory } from '../lib/directories.ts';
import { commitRename, fsyncPath, removeTemporaries, temporaryName } from '../lib/files.ts';
import { ifExists } from '../lib/if-exists.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import { listEntries, namesFile } from './entries.ts';
import { beyondBounds } from './evict.ts';
import type { CacheKind } from './kinds.ts';

/**
 * One kind of what is kept, open for this process: it holds a lease, which ends when it is disposed of or the process
 * ends, however it ends. What a lease names stays where it is; what it has not finished goes with it.
 */
export interface Cache extends AsyncDisposable {
  /** The path of an entry, whether it is there or not. */
  path(name: string): string;
  /** Where entries are made, on the same file system: a new path each time, and nothing there yet. */
  unfinishedPath(name: string): string;
  /** Keeps others from evicting these entries as long as the lease lasts. Whether they are there is to be asked afterwards. */
  use(names: readonly string[]): Promise<void>;
  /** Says that an entry is of use: it is evicted after those that are not. */
  touch(name: string): Promise<void>;
  /**
   * Gives what was made at an unfinished path its place, as a whole for whoever looks; replaces what is there. Its files must
   * be on disk already: who makes them knows whether to flush one or the file system.
   */
  place(unfinished: string, name: string): Promise<void>;
  /** The text of an entry that is a file, or `undefined`; reading it is using it. */
  readText(name: string): Promise<string | undefined>;
  /** Writes an entry that is a file, durably and as a whole. */
  writeText(name: string, text: string): Promise<void>;
  /** Removes entries, as far as nobody uses them, and gives the names of those. */
  remove(names: readonly string[]): Promise<string[]>;
  /** Removes the least recently used entries beyond the kind's bounds, but none that somebody uses. */
  trim(): Promise<void>;
}

/** Held for a moment by who takes or gives a lease's names their meaning: eviction, and whoever begins to use an entry. */
const lockName = '.lock';

/**
 * The text of an entry that is a file, or `undefined`, for who needs no more than this: nothing is opened for it. Reading it is
 * using it.
 */
export async function readCachedText(
  cacheDirectory: string,
  kind: CacheKind,
  name: string,
): Promise<string | undefined> {
  const path = join(cacheDirectory, kind.name, name);
  const text = await readTextIfExists(path);
  if (text !== undefined) await touchPath(path);
  return text;
}

async function touchPath(path: string): Promise<void> {
  const now = new Date();
  await ifExists(utimes(path, now, now));
}

/**
 * Opens a kind, and removes what processes that are gone have left in it, whatever their number.
 * @param cacheDirectory a work directory's `cache/`; made if missing
 */
export async function openCache(cacheDirectory: string, kind: CacheKind): Promise<Cache> {
  const directory = join(cacheDirectory, kind.name);
  await (kind.isPrivate ? makePrivateDirectory(directory) : makeDirectory(directory));
  const lease = await openScratch(directory);
  // Older versions have left some beside the entries; today what is unfinished lies in leases.
  await removeTemporaries(directory);
  const unfinished = join(lease.path, 'unfinished');
  await mkdir(unfinished);
  const used = new Set<string>();
  const path = (name: string) => join(directory, name);
  const unfinishedPath = (name: string) => temporaryName(join(unfinished, name));
  const locked = <T>(action: () => Promise<T>) => withLock(join(directory, lockName), action);

  async function use(names: readonly string[]): Promise<void> {
    for (const name of names) used.add(name);
    await locked(() => writeFile(join(lease.path, namesFile), [...used].join('\n')));
  }

  const touch = (name: string) => touchPath(path(name));

  async function place(made: string, name: string): Promise<void> {
    await fsyncPath(made);
    const replaced = unfinishedPath(name);
    await locked(async () => {
      await ifExists(rename(path(name), replaced));
      await commitRename(made, path(name));
    });
    await rm(replaced, { recursive: true, force: true });
  }

  async function writeText(name: string, text: string): Promise<void> {
    const made = unfinishedPath(name);
    await writeFile(made, text);
    await commitRename(made, path(name));
  }

  async function evict(choose: () => Promise<readonly string[]>): Promise<string[]> {
    const gone = await locked(async () => {
      const moved = (await choose()).map((name) => ({ name, to: unfinishedPath(name) }));
      for (const { name, to } of moved) await ifExists(rename(path(name), to));
      return moved;
    });
    // Nobody finds them any more: others need not wait until they are removed.
    for (const { to } of gone) await rm(to, { recursive: true, force: true });
    return gone.map(({ name }) => name);
  }

  const entries = async () => listEntries(directory, await listScratches(directory));

  return {
    path,
    unfinishedPath,
    use,
    touch,
    place,
    readText: (name) => readCachedText(cacheDirectory, kind, name),
    writeText,
    remove: (names) => {
      const asked = new Set(names);
      return evict(async () =>
        (await entries()).filter(({ name, isInUse }) => asked.has(name) && !isInUse).map(({ name }) => name),
      );
    },
    trim: async () => {
      await evict(async () => beyondBounds(kind, await entries()));
    },
    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}
