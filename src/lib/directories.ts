import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CosaError, isSystemError, usageError } from './errors.ts';
import { ifExists } from './if-exists.ts';

/**
 * Makes a directory and those above it where they are missing, one level at a time. Every path that somebody names goes
 * through here: Node's own recursive `mkdir` never ends where the kernel says that a directory cannot be made although
 * the one above it is there, as in /proc.
 * @param mode of each directory that is made, before the umask
 * @throws CosaError `DIRECTORY_UNUSABLE` (exit 2) if something else is in the way, or nothing can be made there;
 *   system errors for what is no fault of the path, such as a full disk
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  if (await makeOne(path, mode)) return;
  const parent = dirname(path);
  if (parent === path) throw unusable(path, 'nothing can be made there');
  // Another process may have made it meanwhile.
  if ((await kindOf(parent)) !== 'directory') await makeDirectory(parent, mode);
  if (!(await makeOne(path, mode))) throw unusable(path, 'nothing can be made there');
}

/**
 * Makes a directory that nobody but its owner and root may enter, whatever the umask; one that is there is closed. For
 * trees of operating systems, whose set-uid programs must be out of reach for everybody on this machine.
 * Errors as {@link makeDirectory}.
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  await makeDirectory(dirname(path));
  await makeDirectory(path, 0o700);
  await chmod(path, 0o700);
}

/** @returns false if the directory above is missing */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    if (isSystemError(error, 'EEXIST')) {
      const kind = await kindOf(path);
      if (kind === 'directory') return true;
      throw unusable(path, kind === 'nothing' ? 'it is a link to nothing' : 'it is a file', error);
    }
    if (isSystemError(error, 'ENOTDIR')) throw unusable(path, 'a part of this path is a file', error);
    if (isSystemError(error, 'ELOOP')) throw unusable(path, 'its links lead in a circle', error);
    if (isSystemError(error, 'EROFS')) throw unusable(path, 'the file system is read-only', error);
    if (isSystemError(error, 'ENAMETOOLONG')) throw unusable(path, 'the name is too long', error);
    throw error;
  }
}

async function kindOf(path: string): Promise<'directory' | 'other' | 'nothing'> {
  const stats = await ifExists(stat(path));
  if (stats === undefined) return 'nothing';
  return stats.isDirectory() ? 'directory' : 'other';
}

function unusable(path: string, reason: string, cause?: unknown): CosaError {
  return usageError('DIRECTORY_UNUSABLE', `the directory ${path} cannot be made: ${reason}`, {
    hint: 'name another directory',
    ...(cause === undefined ? {} : { cause }),
  });
}
