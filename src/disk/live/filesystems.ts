import { usageError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { erofs } from './filesystems/erofs.ts';
import type { LiveFilesystem } from './filesystems/live-filesystem.ts';
import { squashfs } from './filesystems/squashfs.ts';

/** All filesystems that live media can have their root in. */
export const liveFilesystems: readonly LiveFilesystem[] = [squashfs, erofs];

/**
 * The filesystem that image.json's `live-rootfs-fstype` names.
 * @throws CosaError `FILESYSTEM_UNKNOWN` (exit 2)
 */
export function findLiveFilesystem(name: string): LiveFilesystem {
  const found = liveFilesystems.find((filesystem) => filesystem.name === name);
  if (found !== undefined) return found;
  const names = liveFilesystems.map((filesystem) => filesystem.name);
  const [near] = nearest(name, names);
  throw usageError(
    'FILESYSTEM_UNKNOWN',
    `image.json: "live-rootfs-fstype" is ${JSON.stringify(name)}, which this program cannot write`,
    { hint: near === undefined ? `it can write ${names.join(' and ')}` : `did you mean "${near}"?` },
  );
}
