import { lstat, mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFileSystem } from '../exec/tools/sync.ts';
import { makePrivateDirectory } from '../lib/directories.ts';
import { commitRename, temporaryName } from '../lib/files.ts';
import { type LockWaiter, waitForLock } from '../progress/wait-for-lock.ts';
import { evict, removeUnfinished } from './evict.ts';
import { treeDifference, writeTreeRecord } from './tree-record.ts';

/** Directories kept under content keys in `cache/`: always safe to delete. */
export interface DirectoryCache {
  /** The directory kept under the key, or `undefined`, also if it is not any more what was put there. */
  find(key: string): Promise<string | undefined>;
  /**
   * Fills a new directory and keeps it under the key; on disk before it is found. Two processes that need the same key
   * do the work once: the second waits and finds it done. What killed ones left is removed, whatever its key.
   */
  fill(key: string, make: (directory: string) => Promise<void>): Promise<string>;
}

/** An entry used this recently may be in use by another process and is not evicted. */
const inUseMilliseconds = 60 * 60 * 1000;

/** An entry is a directory with these: what is kept, and what it was like when it was put there. */
const contentName = 'content';
const recordName = 'tree.json';

/**
 * @param base the cache's directory, made if missing, closed to other users: trees with set-uid programs are kept there
 * @param keep how many entries stay; beyond that the least recently used go
 * @param watcher is told of an entry that is made anew, and of waiting for another process
 */
export function directoryCache(base: string, keep: number, watcher: LockWaiter): DirectoryCache {
  async function find(key: string): Promise<string | undefined> {
    await makePrivateDirectory(base);
    const entry = join(base, key);
    if (!(await exists(entry)) || (await differenceOf(entry)) !== undefined) return undefined;
    const now = new Date();
    await utimes(entry, now, now);
    return join(entry, contentName);
  }

  async function fill(key: string, make: (directory: string) => Promise<void>): Promise<string> {
    await makePrivateDirectory(base);
    // One lock for all keys: what is unfinished while it is held, nobody will finish.
    await using _lock = await waitForLock(watcher, join(base, '.lock'), 'another command that fills the cache');
    await removeUnfinished(base);
    const found = await find(key);
    if (found !== undefined) return found;
    const entry = join(base, key);
    await discard(entry);
    const temporary = temporaryName(entry);
    const content = join(temporary, contentName);
    await mkdir(temporary);
    await mkdir(content);
    try {
      await make(content);
      await writeTreeRecord(content, join(temporary, recordName));
      await syncFileSystem(temporary);
      await commitRename(temporary, entry);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
    await evict(base, keep, inUseMilliseconds);
    return join(entry, contentName);
  }

  /** Of the entry's key, what is there is not what was put there. Moved away first: half of it must not be found. */
  async function discard(entry: string): Promise<void> {
    if (!(await exists(entry))) return;
    const difference = (await differenceOf(entry)) ?? 'it is damaged';
    const message = `${entry} is made anew, for it is not what was put there: ${difference}`;
    watcher.events({ type: 'warning', message, hint: undefined });
    const old = temporaryName(entry);
    await rename(entry, old);
    await rm(old, { recursive: true, force: true });
  }

  return { find, fill };
}

async function differenceOf(entry: string): Promise<string | undefined> {
  const content = join(entry, contentName);
  if (!(await exists(content))) return 'it is of another version';
  return treeDifference(content, join(entry, recordName));
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
