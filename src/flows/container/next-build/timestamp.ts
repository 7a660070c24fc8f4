import { usageError } from '../../../lib/errors.ts';

/**
 * The build's date in seconds since the epoch: the same for the same inputs, whenever the build runs.
 * @param sourceDateEpoch the environment variable SOURCE_DATE_EPOCH, which wins: https://reproducible-builds.org/specs/source-date-epoch/
 * @param commitTime when the config's commit was made, if it is in git
 * @param repositoryTimestamp the newest date that the package repositories' indexes carry
 * @throws CosaError `SOURCE_DATE_EPOCH_INVALID` (exit 2)
 */
export function buildTimestamp(
  sourceDateEpoch: string | undefined,
  commitTime: number | undefined,
  repositoryTimestamp: number,
): number {
  if (sourceDateEpoch === undefined) return Math.max(commitTime ?? 0, repositoryTimestamp);
  if (!/^\d{1,11}$/.test(sourceDateEpoch)) {
    throw usageError('SOURCE_DATE_EPOCH_INVALID', `SOURCE_DATE_EPOCH is "${sourceDateEpoch}"`, {
      hint: 'set it to seconds since 1970, or unset it',
    });
  }
  return Number(sourceDateEpoch);
}
