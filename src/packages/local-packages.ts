import { comparePackages, type LockedPackage, type Lockfile } from '../contract/lockfile.ts';
import { CosaError, usageError } from '../lib/errors.ts';
import { sortByBytes } from '../lib/order.ts';
import type { PackageRequest } from './backend.ts';

/** A local package file that takes the place of a repository's. */
export interface LocalPackage {
  /** Absolute path of the file. */
  file: string;
  locked: LockedPackage;
}

/**
 * Checks that local packages are for the machine that is built for, and that each name is there once.
 * @param architectures those that fit, as the family writes them; errors name the first
 * @throws CosaError `OVERRIDE_INVALID`
 */
export function checkLocalPackages(
  packages: readonly LocalPackage[],
  architectures: readonly [string, ...string[]],
): void {
  const seen = new Map<string, string>();
  for (const { file, locked } of packages) {
    if (!architectures.includes(locked.architecture)) {
      throw new CosaError(
        'OVERRIDE_INVALID',
        `${file} is for ${locked.architecture}, and ${architectures[0]} is being built`,
      );
    }
    const other = seen.get(locked.name);
    if (other !== undefined) {
      throw new CosaError('OVERRIDE_INVALID', `${other} and ${file} are both the package "${locked.name}"`, {
        hint: 'delete one of them',
      });
    }
    seen.set(locked.name, file);
  }
}

/**
 * A lock with local packages in place of its packages of the same names. Where a name stands for several packages, a local one
 * takes the place of all of its own architecture.
 */
export function replaceLocked(lock: Lockfile, overrides: readonly LocalPackage[]): Lockfile {
  const byName = new Map(overrides.map(({ locked }) => [locked.name, locked]));
  const counts = new Map<string, number>();
  for (const { name } of lock.packages) counts.set(name, (counts.get(name) ?? 0) + 1);
  const packages = lock.packages.map((item) => {
    const override = byName.get(item.name);
    const isMeant = counts.get(item.name) === 1 || override?.architecture === item.architecture;
    return override !== undefined && isMeant ? override : item;
  });
  return { ...lock, packages: [...new Set(packages)] };
}

/**
 * A lock with the local packages of a request: see `PackageBackend.applyOverrides`.
 * @throws CosaError `LOCKFILE_STALE` (exit 2)
 */
export function applyLocalPackages(
  { packages, repositoryPackages = [] }: PackageRequest,
  lock: Lockfile,
  overrides: readonly LocalPackage[],
): Lockfile {
  const locked = new Set(lock.packages.map(({ name }) => name));
  const requested = new Set([...packages, ...repositoryPackages.flatMap((entry) => entry.packages)]);
  const added = overrides.filter(({ locked: { name } }) => requested.has(name) && !locked.has(name));
  for (const { locked: item } of added) locked.add(item.name);
  const isAnswered = (name: string) => lock.answers?.[name]?.some((answer) => locked.has(answer)) === true;
  const missing = [...requested].filter((name) => !locked.has(name) && !isAnswered(name));
  if (missing.length > 0) {
    throw usageError(
      'LOCKFILE_STALE',
      `the lockfile lacks what the manifest asks for: ${sortByBytes(missing).join(', ')}`,
      {
        hint: 'bring it up to date with "cosa fetch --update-lockfile"',
      },
    );
  }
  const all = [...lock.packages, ...added.map((item) => item.locked)].sort(comparePackages);
  return replaceLocked({ ...lock, packages: all }, overrides);
}
