import { CosaError } from '../../../lib/errors.ts';

/**
 * What keeps a check from passing.
 * @param check throws a CosaError where something is missing
 */
export async function obstacleOf(check: () => Promise<unknown>): Promise<CosaError | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (error instanceof CosaError) return error;
    throw error;
  }
}
