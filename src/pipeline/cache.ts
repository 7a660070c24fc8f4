import { access, mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../exec/lock.ts';
import { makePrivateDirectory } from '../lib/directories.ts';
import { commitRename, isTemporaryName, temporaryName } from '../lib/files.ts';

/** Directories kept under content keys in `cache/`: always safe to delete. */
export interface DirectoryCache {
  /** The directory kept under the key, or `undefined`. */
  find(key: string): Promise<string | undefined>;
  /**
   * Fills a new directory and keeps it under the key. Two processes that need the same key do the work
   * once: the second waits and finds it done. What a killed one left, the next one for that key removes.
   */
  fill(key: string, make: (directory: string) => Promise<void>): Promise<string>;
}

/** An entry used this recently may be in use by another process and is not evicted. */
const inUseMilliseconds = 60 * 60 * 1000;

/**
 * @param base the cache's directory, made if missing, closed to other users: trees with set-uid programs are kept there
 * @param keep how many entries stay; beyond that the least recently used go
 */
export function directoryCache(base: string, keep: number): DirectoryCache {
  async function find(key: string): Promise<string | undefined> {
    await makePrivateDirectory(base);
    const path = join(base, key);
    try {
      await access(path);
    } catch {
      return undefined;
    }
    const now = new Date();
    await utimes(path, now, now);
    return path;
  }

  async function fill(key: string, make: (directory: string) => Promise<void>): Promise<string> {
    await makePrivateDirectory(base);
    return withLock(join(base, `.${key}.lock`), async () => {
      const found = await find(key);
      if (found !== undefined) return found;
      await removeLeftovers(base, key);
      const path = join(base, key);
      const temporary = temporaryName(path);
      await mkdir(temporary);
      try {
        await make(temporary);
        await commitRename(temporary, path);
      } catch (error) {
        await rm(temporary, { recursive: true, force: true });
        throw error;
      }
      await evict(base, keep);
      return path;
    });
  }

  return { find, fill };
}

/** Only under the key's lock: nobody else can be filling it, so its temporary directories are orphans. */
async function removeLeftovers(base: string, key: string): Promise<void> {
  for (const name of await readdir(base)) {
    if (isTemporaryName(name) && name.startsWith(`.${key}.`))
      await rm(join(base, name), { recursive: true, force: true });
  }
}

async function evict(base: string, keep: number): Promise<void> {
  const names = (await readdir(base)).filter((name) => !name.startsWith('.'));
  const aged = await Promise.all(names.map(async (name) => ({ name, used: (await stat(join(base, name))).mtimeMs })));
  aged.sort((a, b) => b.used - a.used);
  const oldest = Date.now() - inUseMilliseconds;
  for (const { name, used } of aged.slice(keep)) {
    if (used < oldest) await rm(join(base, name), { recursive: true, force: true });
  }
}
