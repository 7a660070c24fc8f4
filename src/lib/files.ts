import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from './directories.ts';
import { ifExists } from './if-exists.ts';
import { sortByBytes } from './order.ts';

/** A name beside `path` that nobody else uses; what a killed process leaves is recognised by {@link isTemporaryName}. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
}

/** True for names made by {@link temporaryName}. */
export function isTemporaryName(name: string): boolean {
  return temporary.test(name);
}

const temporary = /^\.(.+)\.\d+-[0-9a-f]{8}\.tmp$/;

/**
 * Removes what has a name of {@link temporaryName} in a directory. Only where nobody else is writing such.
 * @param of removes those alone that were made for files of these names
 */
export async function removeTemporaries(directory: string, of?: readonly string[]): Promise<void> {
  for (const name of await namesIn(directory)) {
    const file = temporary.exec(name)?.[1];
    if (file !== undefined && (of === undefined || of.includes(file)))
      await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Flushes a file or directory to disk. */
export async function fsyncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Gives a finished temporary file or directory its final name, durably: fsync, rename, fsync of the
 * directory. After a crash either the old or the new content is there, never a part.
 */
export async function commitRename(temporary: string, path: string): Promise<void> {
  await fsyncPath(temporary);
  await rename(temporary, path);
  await fsyncPath(dirname(path));
}

/** Replaces a file's content as a whole (see {@link commitRename}); makes missing parent directories. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await makeDirectory(dirname(path));
  const temporary = temporaryName(path);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    await commitRename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The names in a directory in byte order; none if there is no such directory. */
export async function namesIn(directory: string): Promise<string[]> {
  return sortByBytes((await ifExists(readdir(directory))) ?? []);
}

/** True if there is a directory, or a link to one, at this path. */
export async function isDirectory(path: string): Promise<boolean> {
  return (await ifExists(stat(path)))?.isDirectory() ?? false;
}
