import { join } from 'node:path';
import { cacheKinds } from '../cache/kinds.ts';
import type { LockedPackage, PackageFamily } from '../contract/lockfile.ts';

/** The name under which a package file is kept in the cache. */
export function cachedPackageName({ sha256 }: Pick<LockedPackage, 'sha256'>, family: PackageFamily): string {
  return `${sha256}.${family}`;
}

/**
 * Where a package file is kept, whether it is there or not.
 * @param cacheDirectory a work directory's `cache/`
 */
export function cachedPackagePath(
  cacheDirectory: string,
  item: Pick<LockedPackage, 'sha256'>,
  family: PackageFamily,
): string {
  return join(cacheDirectory, cacheKinds.packages.name, cachedPackageName(item, family));
}
