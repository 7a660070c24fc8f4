import { CosaError } from '../../lib/errors.ts';
import { mebibyte } from '../partitions/region.ts';
import { partitionName } from '../partitions/table.ts';

const givesRoom = 'give the partition a larger "size" in disk.yaml, and build the container again';

/**
 * The error for a tree that does not fit into its partition.
 * @param size bytes of the partition
 * @param needed bytes that the filesystem needs; undefined where only the program that makes it could tell
 */
export function filesystemFull(label: string, size: number, needed?: number, cause?: unknown): CosaError {
  const has = `${size} bytes (${Math.floor(size / mebibyte)} MiB)`;
  const needs = needed === undefined ? 'more' : `${needed} bytes (${Math.ceil(needed / mebibyte)} MiB)`;
  return new CosaError('FILESYSTEM_FULL', `the ${label} filesystem needs ${needs}, and its partition has ${has}`, {
    cause,
    // That of root is made as large as the filesystem needs it.
    ...(label === partitionName.root ? {} : { hint: givesRoom }),
  });
}
