import { formatPlace, placeOf } from '../oci/place.ts';
import { parseReference } from '../oci/reference.ts';
import type { WorkDirectory } from './work-directory.ts';

/** The container that `cosa init --ostree` recorded, by its digest; `undefined` if there is none. */
export function upstreamReference({ root, settings: { upstream } }: WorkDirectory): string | undefined {
  return upstream && formatPlace(placeOf(parseReference(upstream.reference), root), { digest: upstream.digest });
}
