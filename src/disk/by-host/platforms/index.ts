import { usageError } from '../../../lib/errors.ts';
import { nearest } from '../../../lib/nearest.ts';
import type { DiskPlatform } from './platform.ts';
import { qemu } from './qemu.ts';

/** Every platform that disk images can be made for, sorted by name. */
export const platforms: readonly DiskPlatform[] = [qemu];

/**
 * The platform of this name.
 * @throws CosaError `PLATFORM_UNKNOWN` (exit 2) with the nearest name
 */
export function findPlatform(name: string): DiskPlatform {
  const found = platforms.find((platform) => platform.name === name);
  if (found !== undefined) return found;
  const names = platforms.map((platform) => platform.name);
  const [near] = nearest(name, names);
  throw usageError('PLATFORM_UNKNOWN', `"${name}" is not a platform that disk images can be made for`, {
    hint: near === undefined ? `there are: ${names.join(', ')}` : `did you mean "${near}"?`,
  });
}
