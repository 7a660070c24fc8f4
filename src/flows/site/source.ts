import { resolve } from 'node:path';
import { usageError } from '../../lib/errors.ts';
import { isDirectory } from '../../lib/files.ts';
import type { Place } from '../../oci/place.ts';
import { placeNamed } from '../../workspace/place.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import { openWorkDirectory, ownPlace } from '../../workspace/work-directory.ts';

/** What a site is made of. */
export interface SiteSource {
  /** Where the containers lie. */
  place: Place;
  /** Where disk images lie, of a work directory. */
  images: string | undefined;
  cache: string;
}

/**
 * Understands what a site is to show.
 * @param from a work directory, or a place as references name it; the work directory that `directory` lies in unless given
 * @throws CosaError `WORK_DIRECTORY_MISSING`, `PLACE_INVALID`, `REFERENCE_INVALID` (exit 2)
 */
export async function findSource(directory: string, from: string | undefined): Promise<SiteSource> {
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
