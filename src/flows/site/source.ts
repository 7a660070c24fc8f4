import { resolve } from 'node:path';
import { usageError } from '../../lib/errors.ts';
import { isDirectory } from '../../lib/files.ts';
import type { Place } from '../../oci/place.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { ObjectStore } from '../../publish/object-store.ts';
import type { StoreOptions } from '../../publish/store-environment.ts';
import { openObjectStore } from '../../publish/stores.ts';
import { placeNamed } from '../../workspace/place.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { openWorkDirectory, ownPlace } from '../../workspace/work-directory.ts';

export interface SiteSourceOptions {
  /** Where the command runs. */
  directory: string;
  /** A work directory, or a place as references name it; the work directory that the command runs in unless given. */
  from: string | undefined;
  /** An object store in which disk images are published. */
  store: { url: string; options: StoreOptions } | undefined;
}

/** What a site is made of, open. */
export interface SiteSource extends AsyncDisposable {
  /** Where the containers lie. */
  place: Place;
  reader: ContentReader;
  /** Where disk images lie, of a work directory. */
  images: string | undefined;
  store: ObjectStore | undefined;
  cache: string;
}

/**
 * Understands what a site is to show, and opens it for reading.
 * @throws CosaError `WORK_DIRECTORY_MISSING`, `PLACE_INVALID`, `REFERENCE_INVALID` (exit 2), what `Place.open` and
 *   `openObjectStore` throw
 */
export async function openSource(session: Session, { directory, from, store }: SiteSourceOptions): Promise<SiteSource> {
  const found = await findPlace(directory, from);
  const reader = await found.place.open(session.registries);
  const opened = store && (await openObjectStore(store.url, store.options, session));
  return { ...found, reader, store: opened, [Symbol.asyncDispose]: async () => opened?.[Symbol.asyncDispose]() };
}

async function findPlace(
  directory: string,
  from: string | undefined,
): Promise<Pick<SiteSource, 'place' | 'images' | 'cache'>> {
  if (from === undefined || (await isDirectory(resolve(directory, from)))) {
    const work = await openWorkDirectory(resolve(directory, from ?? '.'));
    return { place: ownPlace(work), images: work.images, cache: work.cache };
  }
  if (!/^[a-z-]+:/.test(from)) {
    throw usageError('WORK_DIRECTORY_MISSING', `--from ${from}: there is no such directory`, {
      hint: 'name a work directory, docker://HOST/REPO or oci:DIR',
    });
  }
  const { cache } = await workDirectoryFor(directory, from);
  return { place: await placeNamed(directory, from), images: undefined, cache };
}
