import { z } from 'zod';
import { type Cache, openCache, readCachedText } from '../../cache/cache.ts';
import { stepKey } from '../../cache/key.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import type { Lockfile } from '../../contract/lockfile.ts';
import type { Digest } from '../../lib/digest.ts';
import { CosaError, isSystemError } from '../../lib/errors.ts';
import { type Attempt, attempt } from '../../oci/attempt.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { operatingSystemOf } from '../../ostree/unpack/base-layers.ts';
import type { SitePackage } from '../../publish/site/model.ts';
import { embeddedLockfile } from '../../workspace/containers/embedded-lockfile.ts';

/** What a container says that it is made of; a reason for one whose list cannot be read. */
export type KnownPackages =
  | { family: 'deb' | 'rpm' | undefined; packages: readonly SitePackage[] }
  | { packages?: undefined; reason: string };

/**
 * The lists of containers' packages. Reading one takes the beginnings of two layers, so each is read once: it is kept in memory,
 * and in the cache by the container's digest.
 */
export interface PackageLists extends AsyncDisposable {
  /** From memory or the cache; `undefined` if it is in neither. */
  recall(digest: Digest): Promise<KnownPackages | undefined>;
  /** From memory, the cache, or the container. @throws what the place fails at, as opposed to what it holds */
  get(reader: ContentReader, image: Image): Promise<KnownPackages>;
}

const packageSchema = z.tuple([z.string(), z.string(), z.string(), z.string(), z.int().nonnegative()]);
const entrySchema = z.object({
  family: z.enum(['deb', 'rpm']).optional(),
  /** Nothing for a container without a list. */
  packages: z.array(packageSchema).optional(),
});

const noList: KnownPackages = { reason: 'it has no list of packages' };

/** @param cacheDirectory made if missing; where nothing can be written, lists are kept in memory alone */
export function openPackageLists(cacheDirectory: string): PackageLists {
  const lists = new Map<Digest, KnownPackages>();
  // From build to build, most packages stay: each is in memory once.
  const shared = new Map<string, SitePackage>();
  let cache: Promise<Cache | undefined> | undefined;

  function share([name, version, architecture, source, size]: z.output<typeof packageSchema>): SitePackage {
    const key = JSON.stringify([name, version, architecture, source, size]);
    const known = shared.get(key) ?? { name, version, architecture, source, size };
    shared.set(key, known);
    return known;
  }

  function remember(digest: Digest, { family, packages }: z.output<typeof entrySchema>): KnownPackages {
    const list = packages === undefined ? noList : { family, packages: packages.map(share) };
    lists.set(digest, list);
    return list;
  }

  async function recall(digest: Digest): Promise<KnownPackages | undefined> {
    const known = lists.get(digest);
    if (known !== undefined) return known;
    const text = await readCachedText(cacheDirectory, cacheKinds.packageLists, entryName(digest));
    const entry = text === undefined ? undefined : parseEntry(text);
    return entry === undefined ? undefined : remember(digest, entry);
  }

  async function keep(digest: Digest, entry: z.output<typeof entrySchema>): Promise<void> {
    cache ??= openIfWritable(cacheDirectory);
    await (await cache)?.writeText(entryName(digest), JSON.stringify(entry));
  }

  return {
    recall,
    async get(reader, image) {
      const { digest } = image.descriptor;
      const known = await recall(digest);
      if (known !== undefined) return known;
      const { value: lock, reason } = await readLockfile(reader, image);
      if (reason !== undefined) {
        // What is damaged may be repaired: another process looks again.
        lists.set(digest, { reason });
        return { reason };
      }
      const entry = {
        family: lock?.family,
        packages: lock?.packages.map(
          ({ name, version, architecture, source, size }): z.output<typeof packageSchema> => [
            name,
            version,
            architecture,
            source,
            size,
          ],
        ),
      };
      await keep(digest, entry);
      return remember(digest, entry);
    },
    async [Symbol.asyncDispose]() {
      const opened = await cache;
      await opened?.trim();
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

/** A name in the cache; it changes with what an entry holds. */
function entryName(digest: Digest): string {
  return stepKey('package-list/1', digest);
}

function parseEntry(text: string): z.output<typeof entrySchema> | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function openIfWritable(cacheDirectory: string): Promise<Cache | undefined> {
  try {
    return await openCache(cacheDirectory, cacheKinds.packageLists);
  } catch (error) {
    if (error instanceof CosaError && error.code === 'DIRECTORY_UNUSABLE') return undefined;
    if (isSystemError(error, 'EACCES') || isSystemError(error, 'EROFS')) return undefined;
    throw error;
  }
}

async function readLockfile(reader: ContentReader, image: Image): Promise<Attempt<Lockfile | undefined>> {
  try {
    return await attempt(() => embeddedLockfile(reader, operatingSystemOf(image).base));
  } catch (error) {
    const isOfContainer = error instanceof CosaError && error.code === 'LOCKFILE_INVALID';
    if (!isOfContainer) throw error;
    return { reason: error.message, code: error.code };
  }
}
