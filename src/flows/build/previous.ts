import { usageError } from '../../lib/errors.ts';
import { type Image, readImage } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';

/**
 * The container that the new one follows on: for change detection, the version and the layer plan. Manifest and
 * config are enough; no layer is read.
 * @param wanted a tag of the work directory's `oci/`, `none`, or `undefined` for the stream's last build
 * @param upstream whether the first build of a stream follows on the container that `cosa init --ostree` brought
 * @throws CosaError `PREVIOUS_MISSING` (exit 2)
 */
export async function findPrevious(
  reader: ContentReader,
  stream: string,
  wanted: string | undefined,
  upstream: boolean,
): Promise<Image | undefined> {
  if (wanted === 'none') return undefined;
  const last = [candidateTag(stream), stream, ...(upstream ? [upstreamTag] : [])];
  for (const tag of wanted === undefined ? last : [wanted]) {
    const descriptor = await reader.resolveTag(tag);
    if (descriptor !== undefined) return readImage(reader, descriptor);
  }
  if (wanted === undefined) return undefined;
  throw usageError('PREVIOUS_MISSING', `--previous: there is no tag "${wanted}" in oci/`, {
    hint: '"cosa list" shows the tags; "--previous none" builds without one',
  });
}

/** The tag of the container that `cosa init --ostree` brought. */
export const upstreamTag = 'upstream';

/** The tag that a stream's new builds get, before tests have passed. */
export function candidateTag(stream: string): string {
  return `${stream}-candidate`;
}

/** A label of an image, or `undefined`. */
export function labelOf(image: Image | undefined, name: string): string | undefined {
  return image?.config.config?.Labels?.[name];
}
