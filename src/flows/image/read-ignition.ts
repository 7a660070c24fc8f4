import { resolve } from 'node:path';
import { CosaError, usageError } from '../../lib/errors.ts';
import { readText } from '../../lib/text-file.ts';
import { checkIgnitionConfig } from '../../vm/ignition.ts';

/**
 * Reads a user's Ignition config, and checks that it is one.
 * @param file relative to the directory
 * @throws CosaError `IGNITION_INVALID`, `IGNITION_MISSING`, `NOT_A_FILE`, `FILE_TOO_LARGE` (exit 2)
 */
export async function readIgnition(directory: string, file: string): Promise<string> {
  const path = resolve(directory, file);
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    if (error instanceof CosaError) throw error;
    throw usageError('IGNITION_MISSING', `the Ignition config ${path} cannot be read`, { cause: error });
  }
  return checkIgnitionConfig(text, path);
}
