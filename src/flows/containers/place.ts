import { usageError } from '../../lib/errors.ts';
import { formatPlace, type Place, placeOf } from '../../oci/place.ts';
import { parseReference } from '../../oci/reference.ts';
import { workDirectoryFor } from '../resolve-image.ts';
import { openWorkDirectory, ownPlace, type WorkDirectory } from '../work-directory.ts';

/**
 * The place that a command looks after.
 * @param text a reference without a tag; the work directory's `oci/` unless given
 * @throws CosaError `PLACE_INVALID`, `REFERENCE_INVALID`, `WORK_DIRECTORY_MISSING` (exit 2)
 */
export async function placeNamed(directory: string, text: string | undefined): Promise<Place> {
  if (text === undefined) return ownPlace(await openWorkDirectory(directory));
  const reference = parseReference(text);
  if (reference.transport === 'local') {
    throw usageError('PLACE_INVALID', `"${text}" is a container's name, and no place where containers lie`, {
      hint: 'write docker://HOST/REPO or oci:DIR, or nothing for the work directory',
    });
  }
  const place = placeOf(reference, (await workDirectoryFor(directory, text)).root);
  if (reference.tag === undefined && reference.digest === undefined) return place;
  throw usageError('PLACE_INVALID', `${text} names one container, and not all that lie there`, {
    hint: `leave the tag or digest out: ${formatPlace(place)}`,
  });
}

/** The directory that relative references start from: of a bare name it must be a work directory. */
export async function directoryFor(directory: string, reference: string): Promise<WorkDirectory> {
  const isLocal = parseReference(reference).transport === 'local';
  return isLocal ? openWorkDirectory(directory) : workDirectoryFor(directory, reference);
}
