import { usageError } from '../lib/errors.ts';
import { namesIn } from '../lib/files.ts';
import type { Place } from '../oci/place.ts';
import { parseReference } from '../oci/reference.ts';
import type { ContentReader } from '../oci/store.ts';
import { workDirectoryFor } from './resolve-image.ts';
import { openWorkDirectory, ownPlace, type WorkDirectory } from './work-directory.ts';

/**
 * The place that a command looks after.
 * @param text a reference without a tag; the work directory's `oci/` unless given
 * @throws CosaError `PLACE_INVALID`, `REFERENCE_INVALID`, `WORK_DIRECTORY_MISSING` (exit 2)
 */
export async function placeNamed(directory: string, text: string | undefined): Promise<Place> {
  if (text === undefined) return ownPlace(await openWorkDirectory(directory));
  const reference = parseReference(text);
  if (reference.name !== undefined) {
    throw usageError('PLACE_INVALID', `"${text}" is a container's name, and no place where containers lie`, {
      hint: 'write docker://HOST/REPO or oci:DIR, or nothing for the work directory',
    });
  }
  const place = reference.placeIn((await workDirectoryFor(directory, text)).root);
  if (reference.tag === undefined && reference.digest === undefined) return place;
  throw usageError('PLACE_INVALID', `${text} names one container, and not all that lie there`, {
    hint: `leave the tag or digest out: ${place.format()}`,
  });
}

/**
 * Makes sure that there is a place, where opening it does not: a mistyped name must not look like an empty place, or one
 * that is sound.
 * @throws CosaError `REPOSITORY_MISSING` (exit 2)
 */
export async function requireContents(reader: ContentReader, place: Place): Promise<void> {
  if (place.missingCode !== undefined || (await reader.tagNames()).length > 0) return;
  throw usageError('REPOSITORY_MISSING', `${place.format()} does not exist, or has no tag`, {
    hint: 'look at the name; "cosa push" makes a repository',
  });
}

/** True for a work directory's `oci/` that no build has made yet: nothing is wrong with that. */
export async function nothingBuilt(place: Place): Promise<boolean> {
  if (place.layout === undefined) return false;
  const names = await namesIn(place.layout);
  return !names.includes('oci-layout') && !names.includes('index.json');
}

/** The directory that relative references start from: of a bare name it must be a work directory. */
export async function directoryFor(directory: string, reference: string): Promise<WorkDirectory> {
  const isBareName = parseReference(reference).name !== undefined;
  return isBareName ? openWorkDirectory(directory) : workDirectoryFor(directory, reference);
}
