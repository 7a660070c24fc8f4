import { CosaError } from '../lib/errors.ts';
import { exitStatus } from '../lib/exit-status.ts';

/** What was read, or why it cannot be: the error's message and code. */
export type Attempt<T> =
  | { value: T; reason?: undefined; code?: undefined }
  | { value?: undefined; reason: string; code: string };

/**
 * Reads something that others have left in a place, where it being damaged, missing or malformed must not keep anybody
 * from the rest: then there is a reason in its place.
 * @throws what is not the fault of what was read, such as a registry that does not answer
 */
export async function attempt<T>(read: () => Promise<T> | T): Promise<Attempt<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof CosaError) || error.exitStatus !== exitStatus.verification) throw error;
    return { reason: error.message, code: error.code };
  }
}
