import { verificationError } from '../lib/errors.ts';
import type { DiskContainer } from './base-disk/types.ts';

/** What a disk image is called by, besides its container. */
export interface ImageNameParts {
  platform: string;
  /** The format's ending, without a compressor's: `qcow2`. */
  extension: string;
}

/**
 * The image's file name without what a compressor adds, `NAME-VERSION-PLATFORM.ARCH.EXT`.
 * @throws CosaError `NAME_INVALID` (exit 4): name and version come from the container
 */
export function imageFileName(
  { name, version, architecture }: Pick<DiskContainer, 'name' | 'version' | 'architecture'>,
  { platform, extension }: ImageNameParts,
): string {
  for (const [what, part] of Object.entries({ name, version })) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/.test(part)) {
      throw verificationError(
        'NAME_INVALID',
        `the container's ${what} ${JSON.stringify(part)} cannot be part of a file name`,
      );
    }
  }
  return `${name}-${version}-${platform}.${architecture}.${extension}`;
}
