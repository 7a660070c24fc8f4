import { lstat } from 'node:fs/promises';
import { isSystemError } from './errors.ts';

/**
 * What an operation on a file gives, or `undefined` if nothing has the file's name; other failures stay failures.
 */
export async function ifExists<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** True for the error of a path that nothing has: no such name, or a part of the way there is no directory. */
export function isMissing(error: unknown): boolean {
  return isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR');
}

/** True if something, be it a dangling link, has this name on the host. */
export async function exists(path: string): Promise<boolean> {
  return (await ifExists(lstat(path))) !== undefined;
}
