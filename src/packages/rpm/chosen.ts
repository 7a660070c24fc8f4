import { openCache } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { isPackageName, type LockedPackage, overridesRepository } from '../../contract/lockfile.ts';
import { isRelativePath } from '../../contract/relative-path.ts';
import { loggedAddress } from '../../http/log.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import { commitRename } from '../../lib/files.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { printable } from '../../lib/printable.ts';
import type { BackendContext } from '../backend.ts';
import { cachedPackagePath } from '../cached-package.ts';
import { fetchFile } from '../fetch-file.ts';
import { encodedPath } from '../fetch-packages.ts';
import type { LocalPackage } from '../local-packages.ts';
import { sourceName } from './header.ts';
import { placesOf } from './places.ts';
import { type StrongDigest, strongDigest } from './repomd.ts';
import type { RpmRepository } from './repositories.ts';
import type { RepositoryServers } from './servers.ts';
import type { ChosenPackage } from './solver.ts';

interface ChosenContext {
  repositories: readonly RpmRepository[];
  servers: RepositoryServers;
  overrides: readonly LocalPackage[];
  context: BackendContext;
}

/**
 * What the solver chose, with everything to fetch it again. A package that its index names by another hash than sha256 is fetched
 * to learn it.
 * @throws CosaError `REPOSITORY_INDEX` (exit 4) for a package whose index cannot be trusted
 */
export function lockedPackages(chosen: readonly ChosenPackage[], context: ChosenContext): Promise<LockedPackage[]> {
  return mapParallel(chosen, (item) => lockedPackage(item, context), 8, context.context.reporter.signal);
}

async function lockedPackage(item: ChosenPackage, context: ChosenContext): Promise<LockedPackage> {
  const { name, version, architecture, repository, path, size } = item;
  const local = context.overrides.find(({ locked }) => locked.name === name && locked.architecture === architecture);
  if (local !== undefined && !context.repositories.some(({ file }) => file.name === repository)) return local.locked;
  const digest = strongDigest(item.algorithm, item.checksum);
  const refuse = (reason: string) =>
    verificationError(
      'REPOSITORY_INDEX',
      `the index of the repository "${repository}" cannot be used: of the package ${printable(name)} it says ${reason}`,
    );
  if (repository === overridesRepository) throw refuse('that it is a local package');
  if (!isPackageName(name) || !/^[^\s/]+$/.test(version) || !/^\w+$/.test(architecture)) {
    throw refuse(`the name ${JSON.stringify(`${name}-${version}.${architecture}`)}`);
  }
  if (!isRelativePath(path))
    throw refuse(`that it lies at ${JSON.stringify(path)}, which is no path below the repository`);
  if (item.base !== '') throw refuse('that it lies outside of the repository');
  if (digest === undefined) throw refuse(`its ${printable(item.algorithm)} alone, which proves nothing`);
  const source = sourceName({ name, ...(item.source === '' ? {} : { sourceRpm: item.source }) });
  const known = { name, version, architecture, source, size, repository, path };
  const sha256 = digest.algorithm === 'sha256' ? digest.hex : await learnSha256(known, digest, context);
  return { ...known, sha256 };
}

/** Fetches a package by another hash, keeps it where downloads look for it, and tells its sha256. */
async function learnSha256(
  item: Omit<LockedPackage, 'sha256'>,
  digest: StrongDigest,
  { repositories, servers, context }: ChosenContext,
): Promise<string> {
  const { cacheDirectory, reporter } = context;
  const repository = repositories.find(({ file }) => file.name === item.repository);
  if (repository === undefined) throw new Error(`the solver chose from no repository: ${item.repository}`);
  const mirrors = servers.of(repository);
  const places = await placesOf(repository, mirrors, reporter.signal);
  await using cache = await openCache(cacheDirectory, cacheKinds.packages);
  const title = `the package ${item.name} ${item.version}`;
  const mismatch = (address: URL, what: string) =>
    verificationError(
      'PACKAGE_HASH_MISMATCH',
      `${title} is not what the index says: ${loggedAddress(address)} has ${what}`,
    );
  const made = cache.unfinishedPath(`${digest.hex}.rpm`);
  const addresses = places.mirrors.map((mirror) => mirror + encodedPath(item.path));
  const fetching = { mirrors, cache, signal: reporter.signal, onBytes: () => undefined, log: reporter.log };
  const failure = await fetchFile({ title, size: item.size, digest, mismatch }, addresses, made, fetching);
  if (failure !== undefined) {
    throw new CosaError('PACKAGE_UNAVAILABLE', `${title} is not to be had`, { cause: failure.cause });
  }
  const sha256 = digestHex((await digestFile(made)).digest);
  await commitRename(made, cachedPackagePath(cacheDirectory, { sha256 }, 'rpm'));
  return sha256;
}
