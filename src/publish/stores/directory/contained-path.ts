import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { makeDirectory } from '../../../lib/directories.ts';
import { verificationError } from '../../../lib/errors.ts';
import { fsyncPath } from '../../../lib/files.ts';
import { ifExists } from '../../../lib/if-exists.ts';

/**
 * Where the file of a key lies, links followed: a directory may hold some, as long as none leads out of it.
 * @returns `undefined` if nothing is there
 * @throws CosaError `STORE_PATH` (exit 4)
 */
export async function containedPath(root: string, key: string): Promise<string | undefined> {
  const [base, path] = await Promise.all([ifExists(realpath(root)), ifExists(realpath(join(root, key)))]);
  if (base === undefined || path === undefined) return undefined;
  if (path !== base && !path.startsWith(base === sep ? sep : `${base}${sep}`)) {
    throw verificationError('STORE_PATH', `${join(root, key)} leads out of ${root}`, {
      hint: 'remove the link, or make a mount of it',
    });
  }
  return path;
}

/**
 * Makes the directory for the files of some keys, durably, level by level.
 * @param path below the root; `.` for the root itself
 * @returns where it lies
 * @throws CosaError `STORE_PATH` (exit 4), `DIRECTORY_UNUSABLE` (exit 2)
 */
export async function makeContainedDirectory(root: string, path: string): Promise<string> {
  await makeDirectory(root);
  let reached = '';
  for (const part of path === '.' ? [] : path.split('/')) {
    reached = join(reached, part);
    const level = join(root, reached);
    const isThere = (await containedPath(root, reached)) !== undefined;
    await makeDirectory(level);
    if (!isThere) await fsyncPath(dirname(level));
  }
  return join(root, path);
}
