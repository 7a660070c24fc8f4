import { join } from 'node:path';
import { makeDirectory } from '../lib/directories.ts';
import { CosaError } from '../lib/errors.ts';
import { removeTemporaries, writeFileAtomic } from '../lib/files.ts';
import { lockFile } from './lock.ts';

/**
 * Replaces files of a directory, made if missing, each as a whole (see `writeFileAtomic`). Removes what killed processes
 * have left of the same files, whatever their number: the directory itself is the lock under which all of us write them,
 * so that nothing lies beside files that others look after, too.
 * @param contents by the files' names
 * @throws CosaError `DIRECTORY_UNUSABLE` (exit 2)
 */
export async function replaceFiles(directory: string, contents: ReadonlyMap<string, string>): Promise<void> {
  await makeDirectory(directory);
  await using lock = await lockIfPossible(directory);
  if (lock !== undefined) await removeTemporaries(directory, [...contents.keys()]);
  for (const [name, content] of contents) await writeFileAtomic(join(directory, name), content);
}

/** On some network file systems no directory can be locked, by nobody: there what is left stays. */
async function lockIfPossible(directory: string): Promise<AsyncDisposable | undefined> {
  try {
    return await lockFile(directory);
  } catch (error) {
    if (error instanceof CosaError && error.code === 'TOOL_FAILED') return undefined;
    throw error;
  }
}
