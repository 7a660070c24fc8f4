import { type CosaError, usageError } from '../../../lib/errors.ts';
import { formatPlace, type Place, placeOf } from '../../../oci/place.ts';
import { parseReference } from '../../../oci/reference.ts';
import { isTag } from '../../../oci/tag.ts';

/** Where an image is to go. */
export interface Destination {
  place: Place;
  /** The tag that it is to get, if one was named. */
  tag: string | undefined;
}

/**
 * Understands a reference as a place to write to.
 * @param workDirectory where `oci/` lies, and what relative paths start from
 * @throws CosaError `REFERENCE_INVALID`, `DESTINATION_DIGEST` (exit 2)
 */
export function parseDestination(text: string, workDirectory: string): Destination {
  const reference = parseReference(text);
  const place = placeOf(reference, workDirectory);
  if (reference.transport === 'local') {
    if (!isTag(reference.name)) throw digestGiven(text, place);
    return { place, tag: reference.name };
  }
  if (reference.digest !== undefined) throw digestGiven(text, place);
  return { place, tag: reference.tag };
}

function digestGiven(text: string, place: Place): CosaError {
  return usageError(
    'DESTINATION_DIGEST',
    `${text} names a digest: a digest follows from the content, it is not chosen`,
    {
      hint: `name a tag: ${formatPlace(place, { tag: 'TAG' })}`,
    },
  );
}

/** The error for a destination that needs a tag which nothing tells. */
export function tagMissing(destination: Destination, reason: string): CosaError {
  return usageError('DESTINATION_TAG', `${formatPlace(destination.place)}: no tag is named, and ${reason}`, {
    hint: `name one: ${formatPlace(destination.place, { tag: 'TAG' })}`,
  });
}
