import { candidateTag } from '../../../contract/tags.ts';
import type { ArchitectureName } from '../../../lib/architecture.ts';
import { CosaError, usageError } from '../../../lib/errors.ts';
import { type Image, readImage } from '../../../oci/image.ts';
import { openReference } from '../../../oci/open.ts';
import { isSamePlace, type Place } from '../../../oci/place.ts';
import { platformFor, platformName } from '../../../oci/platform.ts';
import { platformOf } from '../../../oci/platform-index.ts';
import { type AdmittedReference, admitImage } from '../../../oci/policy.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { imagesTagged } from '../../../oci/tag-images.ts';
import type { Platform } from '../../../oci/types.ts';
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

/** What the new container is for. */
export interface BuildTarget {
  stream: string;
  config: { basearch: ArchitectureName };
}

/**
 * Finds the container that the new one follows on: for change detection, the version and the layer plan. Manifest and
 * config are enough; no layer is read. It is of the same architecture.
 * @param own the work directory's `oci/`
 * @param reference any reference, `none`, or `undefined`: the stream's last build in `oci/`, or else the container that
 *   `cosa init --ostree` recorded, by its digest
 * @throws CosaError `PREVIOUS_MISSING` (exit 2) if the recorded one is gone, `PREVIOUS_ARCHITECTURE` (exit 2) if the one that
 *   is asked for is of another architecture, what `openReference`, `readImage` and
 *   {@link admitImage} throw
 */
export async function findPrevious(
  session: Session,
  work: WorkDirectory,
  own: ContentReader,
  { stream, config: { basearch } }: BuildTarget,
  reference: string | undefined,
): Promise<PreviousContainer | undefined> {
  const platform = platformFor(basearch);
  if (reference === 'none') return undefined;
  if (reference !== undefined) {
    const previous = await readPrevious(session, work, reference, platform);
    if (isFor(previous.image, platform)) return previous;
    throw usageError(
      'PREVIOUS_ARCHITECTURE',
      `${reference} is for ${platformName(platformOf(previous.image))}, and ${platformName(platform)} is being built`,
      { hint: 'name a container for the same architecture, or build on nothing: --previous none' },
    );
  }
  for (const tag of [candidateTag(stream), stream]) {
    const [image] = (await imagesTagged(own, tag, [platform])).same;
    if (image !== undefined) return { image, reader: own, place: ownPlace(work), admitted: undefined };
  }
  return readUpstream(session, work, platform);
}

/** `undefined` also if what was recorded has nothing for the platform: then this is its first build. */
async function readUpstream(
  session: Session,
  work: WorkDirectory,
  platform: Platform,
): Promise<PreviousContainer | undefined> {
  const upstream = upstreamReference(work);
  if (upstream === undefined) return undefined;
  try {
    const previous = await readPrevious(session, work, upstream, platform);
    return isFor(previous.image, platform) ? previous : undefined;
  } catch (error) {
    if (error instanceof CosaError && error.code === 'PLATFORM_MISSING') return undefined;
    if (!(error instanceof CosaError) || error.code !== 'DIGEST_UNKNOWN') throw error;
    throw usageError('PREVIOUS_MISSING', `the container that "cosa init" recorded is gone: ${upstream}`, {
      hint: `build on what is there now, "--previous ${work.settings.upstream?.reference}", or on nothing: --previous none`,
      cause: error,
    });
  }
}

/** What this work directory has built needs no permission to be followed. */
async function readPrevious(
  session: Session,
  work: WorkDirectory,
  reference: string,
  platform: Platform,
): Promise<PreviousContainer> {
  const opened = await openReference(reference, work.root, session.registries);
  const { reader, place } = opened;
  const image = await readImage(reader, opened.descriptor, platform);
  const isOwn = isSamePlace(place, ownPlace(work));
  const admission = isOwn ? undefined : await admitImage(session, work.root, opened, image.descriptor);
  return { image, reader, place, admitted: admission?.reference };
}

function isFor(image: Image, platform: Platform): boolean {
  return platformName(platformOf(image)) === platformName(platform);
}
