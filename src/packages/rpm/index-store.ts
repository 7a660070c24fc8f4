import { join } from 'node:path';
import { openCache } from '../../cache/cache.ts';
import { stepKey } from '../../cache/key.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { lockFile } from '../../exec/lock.ts';
import { createCleanup } from '../../lib/cleanup.ts';
import { makeDirectory } from '../../lib/directories.ts';
import type { BackendContext } from '../backend.ts';
import type { RpmRepository } from './repositories.ts';

/** The directory of one set of repositories in the cache. Until it is disposed of, nobody else uses or evicts it. */
export interface IndexStore extends AsyncDisposable {
  /** The directory of a repository's index; it exists. */
  repository(id: string): string;
  /** A directory of the solver's own; it exists. */
  solver(part: 'cache' | 'state' | 'root'): string;
  /** Where a file begins that is not yet whole. */
  unfinishedPath(name: string): string;
}

/** Opens the directory of a set of repositories. Waits for whoever uses the same. */
export async function openIndexStore(
  repositories: readonly RpmRepository[],
  basearch: string,
  { cacheDirectory, reporter }: BackendContext,
): Promise<IndexStore> {
  const held = createCleanup();
  try {
    const cache = await openCache(cacheDirectory, cacheKinds.dnf);
    held.defer(() => cache[Symbol.asyncDispose]());
    const sets = repositories.map(({ file, baseUrls, metalink, mirrorlist }) => [
      ...[file.name, metalink ?? '', mirrorlist ?? ''],
      ...baseUrls,
    ]);
    const name = stepKey('rpm-indexes/1', { basearch, sets }).slice(0, 16);
    await cache.use([name]);
    const base = cache.path(name);
    const directories = {
      cache: join(base, 'solver/cache'),
      state: join(base, 'solver/state'),
      root: join(base, 'solver/root'),
    };
    const repository = (id: string) => join(base, 'repositories', id);
    for (const directory of Object.values(directories)) await makeDirectory(directory);
    for (const { file } of repositories) await makeDirectory(join(repository(file.name), 'repodata'));
    const lock = await lockFile(join(base, 'lock'), 'exclusive', reporter.signal);
    held.defer(() => lock[Symbol.asyncDispose]());
    await cache.touch(name);
    await cache.trim();
    return {
      repository,
      solver: (part) => directories[part],
      unfinishedPath: cache.unfinishedPath,
      [Symbol.asyncDispose]: held[Symbol.asyncDispose],
    };
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}
