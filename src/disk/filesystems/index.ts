import { usageError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { ext4 } from './ext4.ts';
import type { Filesystem } from './filesystem.ts';
import { xfs } from './xfs.ts';

/** What `rootfs` and `bootfs` of image.json may name. */
const filesystems: readonly Filesystem[] = [ext4, xfs];

/**
 * The filesystem that image.json names.
 * @param key the key that names it: `rootfs`
 * @throws CosaError `FILESYSTEM_UNKNOWN` (exit 2)
 */
export function findFilesystem(name: string, key: string): Filesystem {
  const found = filesystems.find((filesystem) => filesystem.name === name);
  if (found !== undefined) return found;
  const names = filesystems.map((filesystem) => filesystem.name);
  const [near] = nearest(name, names);
  throw usageError('FILESYSTEM_UNKNOWN', `image.json: "${key}" is "${name}", which this program cannot write`, {
    hint: near === undefined ? `it can write ${names.join(' and ')}` : `did you mean "${near}"?`,
  });
}
