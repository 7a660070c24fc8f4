import { candidateTag } from '../../../contract/tags.ts';
import { CosaError, usageError } from '../../../lib/errors.ts';
import { type Image, readImage } from '../../../oci/image.ts';
import { openReference } from '../../../oci/open.ts';
import { isSamePlace, type Place } from '../../../oci/place.ts';
import { hostPlatform } from '../../../oci/platform.ts';
import { type AdmittedReference, admitImage } from '../../../oci/policy.ts';
import type { ContentReader } from '../../../oci/store.ts';
import type { Session } from '../../../workspace/session.ts';
import { upstreamReference } from '../../../workspace/upstream.ts';
import { ownPlace, type WorkDirectory } from '../../../workspace/work-directory.ts';

/** The container that the new one follows on, wherever it lies. */
export interface PreviousContainer {
  image: Image;
  reader: ContentReader;
  place: Place;
  /** Where it lies elsewhere, and the policy in force accepts it; `undefined` for one of the work directory's own. */
  admitted: AdmittedReference | undefined;
}

/**
 * Finds the container that the new one follows on: for change detection, the version and the layer plan. Manifest and
 * config are enough; no layer is read.
 * @param own the work directory's `oci/`
 * @param reference any reference, `none`, or `undefined`: the stream's last build in `oci/`, or else the container that
 *   `cosa init --ostree` recorded, by its digest
 * @throws CosaError `PREVIOUS_MISSING` (exit 2) if the recorded one is gone, what `openReference`, `readImage` and
 *   {@link admitImage} throw
 */
export async function findPrevious(
  session: Session,
  work: WorkDirectory,
  own: ContentReader,
  stream: string,
  reference: string | undefined,
): Promise<PreviousContainer | undefined> {
  if (reference === 'none') return undefined;
  if (reference !== undefined) return readPrevious(session, work, reference);
  for (const tag of [candidateTag(stream), stream]) {
    const descriptor = await own.resolveTag(tag);
    if (descriptor === undefined) continue;
    const image = await readImage(own, descriptor, hostPlatform());
    return { image, reader: own, place: ownPlace(work), admitted: undefined };
  }
  return readUpstream(session, work);
}

async function readUpstream(session: Session, work: WorkDirectory): Promise<PreviousContainer | undefined> {
  const upstream = upstreamReference(work);
  if (upstream === undefined) return undefined;
  try {
    return await readPrevious(session, work, upstream);
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'DIGEST_UNKNOWN') throw error;
    throw usageError('PREVIOUS_MISSING', `the container that "cosa init" recorded is gone: ${upstream}`, {
      hint: `build on what is there now, "--previous ${work.settings.upstream?.reference}", or on nothing: --previous none`,
      cause: error,
    });
  }
}

/** What this work directory has built needs no permission to be followed. */
async function readPrevious(session: Session, work: WorkDirectory, reference: string): Promise<PreviousContainer> {
  const opened = await openReference(reference, work.root, session.registries);
  const { reader, place } = opened;
  const image = await readImage(reader, opened.descriptor, hostPlatform());
  const isOwn = isSamePlace(place, ownPlace(work));
  const admission = isOwn ? undefined : await admitImage(session, work.root, opened, image.descriptor);
  return { image, reader, place, admitted: admission?.reference };
}
