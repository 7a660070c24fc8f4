import type { Place } from '../../src/oci/place.ts';
import { parseReference } from '../../src/oci/reference.ts';

/** The place that a reference names, whose paths are absolute. */
export function placeOf(reference: string): Place {
  return parseReference(reference).placeIn('/');
}
