import type { Lockfile } from '../../contract/lockfile.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import { encodedPath, fetchPackages, type PackageSources } from '../fetch-packages.ts';
import { openMirrors } from '../mirrors.ts';
import { placesOf } from './places.ts';
import { type RpmRepository, readRepositories } from './repositories.ts';
import { openServers, type RepositoryServers } from './servers.ts';
import { verifySignatures } from './verify.ts';

/**
 * Brings the packages of a lock into the cache, and checks their signatures. See `PackageBackend.download` for the errors.
 */
export async function downloadRpms(
  request: PackageRequest,
  lock: Lockfile,
  context: BackendContext,
): Promise<AsyncDisposable> {
  const repositories = await readRepositories(request);
  await using servers = openServers(process.env, context.reporter.log);
  const opening = () => openSources(repositories, servers, context);
  const held = await fetchPackages('rpm', request, lock, opening, context);
  try {
    await verifySignatures(lock, { repositories, servers, context });
    return held;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

/** Lists of mirrors are asked for of those repositories alone from which something is missing. */
async function openSources(
  repositories: readonly RpmRepository[],
  servers: RepositoryServers,
  { reporter }: BackendContext,
): Promise<PackageSources> {
  const places = new Map<string, Promise<readonly string[]>>();
  // Of a repository that the config no longer has, and of local files, there is nobody to ask.
  const nobody = openMirrors({ environment: {}, proxies: { http: '', https: '', none: '' } }, reporter.log);
  const named = (name: string) => repositories.find(({ file }) => file.name === name);

  async function find(name: string): Promise<readonly string[]> {
    const repository = named(name);
    if (repository === undefined) return [];
    return (await placesOf(repository, servers.of(repository), reporter.signal)).mirrors;
  }

  return {
    async addresses({ repository, path }) {
      const found = places.get(repository) ?? find(repository);
      places.set(repository, found);
      return (await found).map((place) => place + encodedPath(path));
    },
    mirrors({ repository }) {
      const own = named(repository);
      return own === undefined ? nobody : servers.of(own);
    },
    [Symbol.asyncDispose]: () => nobody[Symbol.asyncDispose](),
  };
}
