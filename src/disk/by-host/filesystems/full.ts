import { CosaError } from '../../../lib/errors.ts';

/** The error for a tree that does not fit into its partition. */
export function filesystemFull(label: string, size: number, cause: unknown): CosaError {
  return new CosaError('FILESYSTEM_FULL', `the ${label} filesystem (${Math.floor(size / 2 ** 20)} MiB) is too small`, {
    cause,
  });
}
