import { basename, dirname } from 'node:path';
import {
  formatLockfile,
  type LockDocument,
  type Lockfile,
  lockfileInvalid,
  type PackageFamily,
  parseLockDocument,
} from '../contract/lockfile.ts';
import { replaceFiles } from '../exec/replace-files.ts';
import { readTextIfExists } from '../lib/text-file.ts';

/**
 * Reads a lockfile, or gives `undefined` if there is none.
 * @param expected what it must be for; one that tells no family or architecture is taken to be of these
 * @throws CosaError `LOCKFILE_INVALID` (exit 2), also if it is another architecture's or family's
 */
export async function readLockfile(
  path: string,
  expected: { basearch: string; family: PackageFamily },
): Promise<LockDocument | undefined> {
  const text = await readTextIfExists(path);
  if (text === undefined) return undefined;
  const document = parseLockDocument(text, path);
  const { basearch, family } = expected;
  if (document.basearch !== undefined && document.basearch !== basearch) {
    throw lockfileInvalid(path, `metadata.basearch: it is for ${document.basearch}, and ${basearch} is being built`);
  }
  if (document.family !== undefined && document.family !== family) {
    throw lockfileInvalid(
      path,
      `metadata.family: it is for ${document.family} packages, and the repositories are of ${family}`,
    );
  }
  return { ...document, lock: document.lock && { ...document.lock, family } };
}

/** Replaces a lockfile as a whole. */
export async function writeLockfile(path: string, lock: Lockfile): Promise<void> {
  await replaceFiles(dirname(path), new Map([[basename(path), formatLockfile(lock)]]));
}
