import type { LockedPackage, Lockfile } from '../../contract/lockfile.ts';
import { compareBytes } from '../../lib/order.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { cachedPackagePath } from '../cached-package.ts';
import { type RpmFile, readFiles } from './header/files.ts';
import { InvalidHeaderError } from './header/values.ts';
import { invalidRpm, type RpmHeader, readRpmHeader } from './header.ts';

/** A package of a lock, whose file is in the cache. */
export interface RpmPackage {
  locked: LockedPackage;
  file: string;
  header: RpmHeader;
  files: readonly RpmFile[];
}

/**
 * Reads the headers of a lock's packages.
 * @param cacheDirectory a work directory's `cache/`
 * @returns in an order that only names, architectures and versions decide
 * @throws CosaError `PACKAGE_INVALID`; the signal's reason
 */
export async function openRpms(lock: Lockfile, cacheDirectory: string, signal: AbortSignal): Promise<RpmPackage[]> {
  const open = async (locked: LockedPackage): Promise<RpmPackage> => {
    const file = cachedPackagePath(cacheDirectory, locked, 'rpm');
    const header = await readRpmHeader(file, signal);
    try {
      return { locked, file, header, files: readFiles(header.values) };
    } catch (cause) {
      if (cause instanceof InvalidHeaderError) throw invalidRpm(file, cause.message, cause);
      throw cause;
    }
  };
  const packages = await mapParallel(lock.packages, open, undefined, signal);
  return packages.sort((a, b) => compareBytes(nevra(a.header), nevra(b.header)));
}

/** What rpm calls a package in its messages: `bash-5.2.37-1.fc42.x86_64`, or with an epoch `dhcp-12:4.4.3-1.fc42.x86_64`. */
export function nevra({ name, epoch, version, release, architecture }: Omit<RpmHeader, 'payloadOffset'>): string {
  return `${name}-${epoch === undefined ? '' : `${epoch}:`}${version}-${release}.${architecture}`;
}
