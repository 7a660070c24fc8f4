import { candidateTag } from '../../../contract/tags.ts';
import { isDigest } from '../../../lib/digest.ts';
import { usageError } from '../../../lib/errors.ts';
import type { Place } from '../../../oci/place.ts';
import { parseReference } from '../../../oci/reference.ts';
import { isTag } from '../../../oci/tag.ts';
import { directoryFor } from '../../../workspace/place.ts';

/** The tag that is to move, and what it is to point to. */
export interface PromotionTarget {
  place: Place;
  tag: string;
  /** Reference of what is promoted. */
  from: string;
  /** What relative references start from. */
  directory: string;
}

/**
 * Understands which stream is meant and what it is to become. A stream that is a tag alone lies where `from` does,
 * or in the work directory's `oci/`; a bare name in `from` lies where the stream does.
 * @param stream `stable`, or `docker://HOST/REPO:stable`
 * @throws CosaError `TAG_INVALID`, `REFERENCE_INVALID`, `WORK_DIRECTORY_MISSING` (exit 2)
 */
export async function findTarget(
  directory: string,
  stream: string,
  from: string | undefined,
): Promise<PromotionTarget> {
  const where = isTag(stream) ? (from ?? stream) : stream;
  const { root } = await directoryFor(directory, where);
  const place = parseReference(where).placeIn(root);
  if (isTag(stream)) return { place, tag: stream, from: from ?? candidateTag(stream), directory: root };
  const tag = tagIn(stream);
  return { place, tag, from: referenceIn(place, from ?? candidateTag(tag)), directory: root };
}

function tagIn(stream: string): string {
  const { tag, digest } = parseReference(stream);
  if (tag !== undefined && digest === undefined) return tag;
  throw usageError('TAG_INVALID', `"${stream}" cannot be a stream: it names no tag`, {
    hint: 'write the stream as STREAM, or as docker://HOST/REPO:STREAM',
  });
}

function referenceIn(place: Place, from: string): string {
  const { name } = parseReference(from);
  if (name === undefined) return from;
  return place.format(isDigest(name) ? { digest: name } : { tag: name });
}
