import { stat } from 'node:fs/promises';
import type { Cache } from '../cache/cache.ts';
import { openCache } from '../cache/cache.ts';
import { cacheKinds } from '../cache/kinds.ts';
import { type LockedPackage, type Lockfile, overridesRepository, type PackageFamily } from '../contract/lockfile.ts';
import { loggedAddress } from '../http/log.ts';
import { digestFile, digestHex } from '../lib/digest.ts';
import { CosaError, verificationError } from '../lib/errors.ts';
import { formatBytes, plural } from '../lib/format.ts';
import { ifExists } from '../lib/if-exists.ts';
import { mapParallel } from '../lib/parallel.ts';
import type { BackendContext, PackageRequest } from './backend.ts';
import { cachedPackageName, cachedPackagePath } from './cached-package.ts';
import { fetchFile, type WantedFile } from './fetch-file.ts';
import type { Mirrors } from './mirrors.ts';

/** Files fetched at the same time. */
const parallel = 8;

/** Where a family's packages come from. Asked for only if one is missing. */
export interface PackageSources extends AsyncDisposable {
  /** The addresses at which a package of a repository may be had, best first. */
  addresses(item: LockedPackage): readonly string[] | Promise<readonly string[]>;
  /** The servers of a package's repository. */
  mirrors(item: LockedPackage): Mirrors;
}

/**
 * Brings the packages of a lock into the cache, and looks at each of those that are there: they must be the files that were
 * locked. See `PackageBackend.download` for the errors.
 * @returns the lease that keeps them; the caller disposes of it
 */
export async function fetchPackages(
  family: PackageFamily,
  request: PackageRequest,
  lock: Lockfile,
  openSources: () => Promise<PackageSources>,
  context: BackendContext,
): Promise<Cache> {
  const cache = await openCache(context.cacheDirectory, cacheKinds.packages);
  try {
    const names = lock.packages.map((item) => cachedPackageName(item, family));
    await cache.use(names);
    await fetchMissing(family, request, lock, openSources, { ...context, cache });
    await mapParallel(names, (name) => cache.touch(name));
    await cache.trim();
    return cache;
  } catch (error) {
    await cache[Symbol.asyncDispose]();
    throw error;
  }
}

async function fetchMissing(
  family: PackageFamily,
  request: PackageRequest,
  lock: Lockfile,
  openSources: () => Promise<PackageSources>,
  context: BackendContext & { cache: Cache },
): Promise<void> {
  const { cache, cacheDirectory, reporter } = context;
  const missing = await missingPackages(family, lock, cacheDirectory);
  if (missing.length === 0) {
    reporter.note(`${plural(lock.packages.length, 'package')}, none new`);
    return;
  }
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    reporter.progress(done, total, 'bytes');
  };
  await using sources = await openSources();
  const silent = new Set<string>();
  const fetchOne = async (item: LockedPackage, signal: AbortSignal) => {
    const addresses =
      item.repository === overridesRepository ? overrideAddresses(request, item) : await sources.addresses(item);
    const path = cachedPackagePath(cacheDirectory, item, family);
    const mirrors = sources.mirrors(item);
    const fetching = { mirrors, cache, signal, onBytes, log: reporter.log, silent };
    const failure = await fetchFile(wantedPackage(item), addresses, path, fetching);
    if (failure !== undefined) throw unavailable(item, failure.cause);
  };
  // Large files first, so that none is left alone at the end.
  const largestFirst = missing.toSorted((a, b) => b.size - a.size);
  await mapParallel(largestFirst, fetchOne, parallel, reporter.signal);
  reporter.note(`${plural(lock.packages.length, 'package')}, ${missing.length} new (${formatBytes(total)})`);
}

/** Those that are not there, or not the files that were locked: a copy or a power loss may have changed them. */
async function missingPackages(
  family: PackageFamily,
  lock: Lockfile,
  cacheDirectory: string,
): Promise<LockedPackage[]> {
  const checked = await mapParallel(lock.packages, async (item) => {
    const path = cachedPackagePath(cacheDirectory, item, family);
    if ((await ifExists(stat(path)))?.size !== item.size) return [item];
    const found = await ifExists(digestFile(path));
    return found !== undefined && digestHex(found.digest) === item.sha256 ? [] : [item];
  });
  return checked.flat();
}

/** Of a local package file: where it lies. */
function overrideAddresses({ overrides }: PackageRequest, { path }: LockedPackage): string[] {
  return overrides.filter((file) => file.endsWith(`/${path}`)).map((file) => `file://${encodeURI(file)}`);
}

/** A path below a repository's base address, as part of an address. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function wantedPackage(item: LockedPackage): WantedFile {
  const title = `the package ${item.name} ${item.version}`;
  return {
    title,
    size: item.size,
    digest: { algorithm: 'sha256', hex: item.sha256 },
    mismatch: (address, what) =>
      verificationError(
        'PACKAGE_HASH_MISMATCH',
        `${title} is not the one that was locked: ${loggedAddress(address)} has ${what}`,
        { hint: 'if the repository was rebuilt, choose anew with "cosa fetch --update-lockfile"' },
      ),
  };
}

function unavailable({ name, version, repository }: LockedPackage, cause: unknown): CosaError {
  const reason = cause instanceof Error ? cause.message : `no repository "${repository}" is configured`;
  const ownHint = cause instanceof CosaError ? cause.hint : undefined;
  return new CosaError('PACKAGE_UNAVAILABLE', `the package ${name} ${version} is not to be had: ${reason}`, {
    hint:
      ownHint ??
      'if the version has left the mirror, choose anew with "cosa fetch --update-lockfile" or name a mirror that keeps old versions',
    cause,
  });
}
