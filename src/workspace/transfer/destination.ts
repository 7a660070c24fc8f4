import { type CosaError, usageError } from '../../lib/errors.ts';
import type { Place } from '../../oci/place.ts';
import { parseReference } from '../../oci/reference.ts';
import { isTag } from '../../oci/tag.ts';

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
  const { name, tag, digest, placeIn } = parseReference(text);
  const place = placeIn(workDirectory);
  if (digest !== undefined || (name !== undefined && !isTag(name))) throw digestGiven(text, place);
  return { place, tag: name ?? tag };
}

function digestGiven(text: string, place: Place): CosaError {
  return usageError(
    'DESTINATION_DIGEST',
    `${text} names a digest: a digest follows from the content, it is not chosen`,
    {
      hint: `name a tag: ${place.format({ tag: 'TAG' })}`,
    },
  );
}

/** The error for a destination that needs a tag which nothing tells. */
export function tagMissing(destination: Destination, reason: string): CosaError {
  return usageError('DESTINATION_TAG', `${destination.place.format()}: no tag is named, and ${reason}`, {
    hint: `name one: ${destination.place.format({ tag: 'TAG' })}`,
  });
}
