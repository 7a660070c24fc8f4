import { basename } from 'node:path';
import { type Lockfile, overridesRepository } from '../../contract/lockfile.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { PackageRequest } from '../backend.ts';
import { applyLocalPackages, checkLocalPackages, type LocalPackage } from '../local-packages.ts';
import { fullVersion, readRpmHeader, sourceName } from './header.ts';

/**
 * Reads the local package files of a request. They need no signature: they are the user's own files, on this machine.
 * @throws CosaError `OVERRIDE_INVALID`: not a package, a source package, of another architecture, or one name twice
 */
export async function readOverrides(request: PackageRequest): Promise<LocalPackage[]> {
  const packages = await Promise.all(sortByBytes(request.overrides).map(readOverride));
  checkLocalPackages(packages, [request.basearch, 'noarch']);
  return packages;
}

async function readOverride(file: string): Promise<LocalPackage> {
  const header = await readRpmHeader(file).catch((cause: unknown) => {
    throw new CosaError('OVERRIDE_INVALID', `${file} is not an rpm package`, { cause });
  });
  if (header.sourceRpm === undefined) {
    throw new CosaError('OVERRIDE_INVALID', `${file} is a source package`, { hint: 'put what is built from it there' });
  }
  const { digest, size } = await digestFile(file);
  const { name, architecture } = header;
  const known = { name, version: fullVersion(header), architecture, source: sourceName(header) };
  return {
    file,
    locked: { ...known, sha256: digestHex(digest), size, repository: overridesRepository, path: basename(file) },
  };
}

/** See `PackageBackend.applyOverrides`. */
export async function applyOverridesToLock(request: PackageRequest, lock: Lockfile): Promise<Lockfile> {
  return applyLocalPackages(request, lock, await readOverrides(request));
}
