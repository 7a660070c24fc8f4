import { readdir } from 'node:fs/promises';
import { isSystemError } from '../lib/errors.ts';
import { byteOrder } from './walk.ts';

/** Names of a directory in byte order, or none if it is not there. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort(byteOrder);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return [];
    throw error;
  }
}
