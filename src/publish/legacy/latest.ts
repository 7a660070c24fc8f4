import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../../exec/lock.ts';
import { fsyncPath, temporaryName } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { latestName } from './paths.ts';

/**
 * Points `builds/latest` at the newest build. Two processes that do so do it one after the other, each with the list as it
 * is then.
 * @param directory of the builds, absolute; it exists
 * @param newest reads the list of builds, under the lock, and gives the first one's id
 * @returns true if the link had to be changed
 */
export async function linkLatest(directory: string, newest: () => Promise<string | undefined>): Promise<boolean> {
  return withLock(directory, async () => {
    const id = await newest();
    const path = join(directory, latestName);
    if (id === undefined || (await ifExists(readlink(path))) === id) return false;
    const temporary = temporaryName(path);
    try {
      await symlink(id, temporary);
      await rename(temporary, path);
      await fsyncPath(directory);
    } finally {
      await rm(temporary, { force: true });
    }
    return true;
  });
}
