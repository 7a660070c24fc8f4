import type { Lockfile } from '../../contract/lockfile.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import { encodedPath, fetchPackages, type PackageSources } from '../fetch-packages.ts';
import { openDebMirrors } from './mirror-client.ts';
import { readSources, type VariableLookup } from './sources.ts';

/** Brings the packages of a lock into the cache. See `PackageBackend.download` for the errors. */
export function downloadDebs(
  request: PackageRequest,
  lock: Lockfile,
  lookup: VariableLookup,
  context: BackendContext,
): Promise<AsyncDisposable> {
  return fetchPackages('deb', request, lock, () => openSources(request, lookup, context), context);
}

async function openSources(
  request: PackageRequest,
  lookup: VariableLookup,
  { reporter }: BackendContext,
): Promise<PackageSources> {
  const sources = await readSources(request.repositories, lookup);
  const mirrors = await openDebMirrors(process.env, reporter.log);
  return {
    addresses(item) {
      // A repository file may name several archives: a package's path exists in one of them.
      const own = sources.filter(({ repository }) => repository === item.repository);
      const uris = new Set(own.flatMap((source) => source.uris));
      return [...uris].map((uri) => uri + encodedPath(item.path));
    },
    mirrors: () => mirrors,
    [Symbol.asyncDispose]: () => mirrors[Symbol.asyncDispose](),
  };
}
