import { bootFilesystems } from '../../../contract/image-config.ts';
import { usageError } from '../../../lib/errors.ts';
import { nearest } from '../../../lib/nearest.ts';
import { ext4 } from './ext4.ts';
import type { Filesystem } from './filesystem.ts';
import { xfs } from './xfs.ts';

const filesystems: Readonly<Record<'xfs' | 'ext4', Filesystem>> = { xfs, ext4 };

/** What a config may name for each partition is what a disk may have there. */
const permitted: Readonly<Record<'rootfs' | 'bootfs', readonly (keyof typeof filesystems)[]>> = {
  rootfs: ['xfs', 'ext4'],
  bootfs: bootFilesystems,
};

/**
 * The filesystem that image.json names.
 * @param key the key that names it
 * @throws CosaError `FILESYSTEM_UNKNOWN` (exit 2)
 */
export function findFilesystem(name: string, key: 'rootfs' | 'bootfs'): Filesystem {
  const names = permitted[key];
  const found = names.find((filesystem) => filesystem === name);
  if (found !== undefined) return filesystems[found];
  const [near] = nearest(name, names);
  throw usageError('FILESYSTEM_UNKNOWN', `image.json: "${key}" is "${name}", which this program cannot write`, {
    hint: near === undefined ? `it can write ${names.join(' and ')}` : `did you mean "${near}"?`,
  });
}
