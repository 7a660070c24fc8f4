import { basename, dirname } from 'node:path';
import {
  formatLockfile,
  type Lockfile,
  lockfileInvalid,
  type PackageFamily,
  parseLockfile,
} from '../contract/lockfile.ts';
import { replaceFiles } from '../exec/replace-files.ts';
import { readTextIfExists } from '../lib/text-file.ts';

/**
 * Reads a lockfile, or gives `undefined` if there is none.
 * @param expected what it must be for; one that tells no family is taken to be of this
 * @throws CosaError `LOCKFILE_INVALID` (exit 2), also if it is another architecture's or family's
 */
export async function readLockfile(
  path: string,
  expected: { basearch: string; family: PackageFamily },
): Promise<Lockfile | undefined> {
  const text = await readTextIfExists(path);
  if (text === undefined) return undefined;
  const lock = parseLockfile(text, path);
  const { basearch, family } = expected;
  if (lock.basearch !== basearch) {
    throw lockfileInvalid(path, `metadata.basearch: it is for ${lock.basearch}, and ${basearch} is being built`);
  }
  if (lock.family !== undefined && lock.family !== family) {
    throw lockfileInvalid(
      path,
      `metadata.family: it is for ${lock.family} packages, and the repositories are of ${family}`,
    );
  }
  return { ...lock, family };
}

/** Replaces a lockfile as a whole. */
export async function writeLockfile(path: string, lock: Lockfile): Promise<void> {
  await replaceFiles(dirname(path), new Map([[basename(path), formatLockfile(lock)]]));
}
