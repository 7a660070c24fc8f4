import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFileSystem } from '../exec/tools/sync.ts';
import { exists } from '../lib/if-exists.ts';
import { type LockWaiter, waitForLock } from '../progress/wait-for-lock.ts';
import { type Cache, openCache } from './cache.ts';
import type { CacheKind } from './kinds.ts';
import { treeDifference, writeTreeRecord } from './tree-record.ts';

/** Directories kept under content keys. What it has given stays until it is disposed of. */
export interface DirectoryCache extends AsyncDisposable {
  /** The directory kept under the key, or `undefined`, also if it is not any more what was put there. */
  find(key: string): Promise<string | undefined>;
  /**
   * Fills a new directory and keeps it under the key; on disk before it is found. Two processes that need the same key
   * do the work once: the second waits and finds it done.
   */
  fill(key: string, make: (directory: string) => Promise<void>): Promise<string>;
}

/** An entry is a directory with these: what is kept, and what it was like when it was put there. */
const contentName = 'content';
const recordName = 'tree.json';

/**
 * Opens a kind whose entries are trees, when something is first asked of it.
 * @param cacheDirectory a work directory's `cache/`; made if missing
 * @param watcher is told of an entry that is made anew, and of waiting for another process
 */
export function directoryCache(cacheDirectory: string, kind: CacheKind, watcher: LockWaiter): DirectoryCache {
  let opened: Promise<Cache> | undefined;
  const open = () => (opened ??= openCache(cacheDirectory, kind));
  const { hasXattrs = false } = kind;
  /** Ends when whoever fills an entry in this process is done: the lock is for other processes. */
  let filling: Promise<unknown> = Promise.resolve();

  async function find(key: string): Promise<string | undefined> {
    const cache = await open();
    await cache.use([key]);
    const entry = cache.path(key);
    if (!(await exists(entry)) || (await differenceOf(entry, hasXattrs)) !== undefined) return undefined;
    await cache.touch(key);
    return join(entry, contentName);
  }

  function fill(key: string, make: (directory: string) => Promise<void>): Promise<string> {
    const filled = filling.then(() => fillNext(key, make));
    filling = filled.catch(() => undefined);
    return filled;
  }

  async function fillNext(key: string, make: (directory: string) => Promise<void>): Promise<string> {
    const cache = await open();
    const lock = join(cacheDirectory, kind.name, '.filling.lock');
    await using _lock = await waitForLock(watcher, lock, 'another command that fills the cache');
    const found = await find(key);
    if (found !== undefined) return found;
    const entry = cache.path(key);
    await discard(entry, cache.unfinishedPath(key));
    const unfinished = cache.unfinishedPath(key);
    const content = join(unfinished, contentName);
    await mkdir(unfinished);
    await mkdir(content);
    try {
      await make(content);
      await writeTreeRecord(content, join(unfinished, recordName), hasXattrs);
      await syncFileSystem(unfinished);
      await cache.place(unfinished, key);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
    await cache.trim();
    return join(entry, contentName);
  }

  /** Of the entry's key, what is there is not what was put there. Moved away first: half of it must not be found. */
  async function discard(entry: string, away: string): Promise<void> {
    if (!(await exists(entry))) return;
    const difference = (await differenceOf(entry, hasXattrs)) ?? 'it is damaged';
    const message = `${entry} is made anew, for it is not what was put there: ${difference}`;
    watcher.events({ type: 'warning', message, hint: undefined });
    await rename(entry, away);
    await rm(away, { recursive: true, force: true });
  }

  return {
    find,
    fill,
    async [Symbol.asyncDispose]() {
      // What it could not open, whoever asked was told of.
      const cache = await opened?.catch(() => undefined);
      await cache?.[Symbol.asyncDispose]();
    },
  };
}

async function differenceOf(entry: string, hasXattrs: boolean): Promise<string | undefined> {
  const content = join(entry, contentName);
  if (!(await exists(content))) return 'it is of another version';
  return treeDifference(content, join(entry, recordName), hasXattrs);
}
