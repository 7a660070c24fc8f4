import { bootFilesystems, rootFilesystems } from '../contract/image-config.ts';
import { usageError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { btrfs } from './filesystems/btrfs.ts';
import { ext4 } from './filesystems/ext4.ts';
import { fat } from './filesystems/fat.ts';
import type { Filesystem } from './filesystems/filesystem.ts';
import { xfs } from './filesystems/xfs.ts';

/** All kinds of filesystem that disks can have. */
export const filesystems: readonly Filesystem[] = [ext4, xfs, btrfs, fat];

/** What a config may name for each partition is what a disk may have there. */
const permitted: Readonly<Record<'rootfs' | 'bootfs', readonly string[]>> = {
  rootfs: rootFilesystems,
  bootfs: bootFilesystems,
};

/**
 * The filesystem that image.json names.
 * @param key the key that names it
 * @throws CosaError `FILESYSTEM_UNKNOWN` (exit 2)
 */
export function findFilesystem(name: string, key: 'rootfs' | 'bootfs'): Filesystem {
  const possible = filesystems.filter((filesystem) => permitted[key].includes(filesystem.name));
  const found = possible.find((filesystem) => filesystem.name === name);
  if (found !== undefined) return found;
  const names = possible.map((filesystem) => filesystem.name);
  const [near] = nearest(name, names);
  throw usageError('FILESYSTEM_UNKNOWN', `image.json: "${key}" is "${name}", which this program cannot write`, {
    hint: near === undefined ? `it can write ${names.join(' and ')}` : `did you mean "${near}"?`,
  });
}
