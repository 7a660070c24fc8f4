import { verificationError } from '../lib/errors.ts';
import type { DiskContainer } from './base-disk/types.ts';

/** What a disk image is called by, besides its container. */
export interface ImageNameParts {
  platform: string;
  /** The format's ending, without a compressor's: `qcow2`; empty for none. */
  extension: string;
}

/** Characters of both together: a file name has 255 on most file systems, and more is added to it. */
const mostOfNames = 180;

/** True for a name or version of a container that can be part of a file name, and of nothing else in a path. */
export function isNamePart(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/.test(text);
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
    if (!isNamePart(part)) {
      throw verificationError(
        'NAME_INVALID',
        `the container's ${what} ${JSON.stringify(part)} cannot be part of a file name`,
      );
    }
  }
  const together = name.length + version.length;
  if (together > mostOfNames) {
    throw verificationError(
      'NAME_INVALID',
      `the container's name and version have ${together} characters together, too many for a file name`,
    );
  }
  return `${name}-${version}-${platform}.${architecture}${extension === '' ? '' : `.${extension}`}`;
}
