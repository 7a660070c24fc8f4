import { labelNames } from '../../../contract/labels.ts';
import { candidateTag } from '../../../contract/tags.ts';
import type { Digest } from '../../../lib/digest.ts';
import { usageError } from '../../../lib/errors.ts';
import { attempt } from '../../../oci/attempt.ts';
import { type Image, imageEntries, labelOf } from '../../../oci/image.ts';
import type { OpenedReference } from '../../../oci/open.ts';
import type { Place } from '../../../oci/place.ts';
import { parseReference } from '../../../oci/reference.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { mediaTypes } from '../../../oci/types.ts';
import type { LegacyBuild } from '../../../publish/legacy/meta.ts';
import type { Session } from '../../../workspace/session.ts';

/** A repository that has the container. */
interface Holder {
  place: Place;
  reader: ContentReader;
  /** The tag by which the container was named. */
  tag: string | undefined;
}

/**
 * Where a container lies in a registry, for tools that fetch it from there: its repository, the index that lists it, and the
 * tags that lead to it.
 * @param repository reference of a repository that must have it; where it was read unless given
 * @returns `undefined` if it was read elsewhere than in a registry, and no repository is named
 * @throws CosaError `LEGACY_REGISTRY` (exit 2), what the registry's reader throws
 */
export async function registryName(
  session: Session,
  { reference, image }: { reference: OpenedReference; image: Image },
  repository: string | undefined,
): Promise<LegacyBuild['registry']> {
  const holder =
    repository === undefined
      ? { place: reference.place, reader: reference.reader, tag: reference.selector.tag }
      : await openHolder(session, repository, image);
  const name = holder.place.imageName?.({}).repository;
  if (name === undefined) return undefined;
  return { image: name, ...(await tagsOf(holder, image)) };
}

async function openHolder(session: Session, repository: string, { descriptor }: Image): Promise<Holder> {
  const { tag, placeIn } = parseReference(repository);
  const place = placeIn('/');
  if (place.imageName === undefined) {
    throw usageError('LEGACY_REGISTRY', `${repository} is no repository of a registry`, {
      hint: 'write docker://HOST/REPOSITORY',
    });
  }
  const reader = await place.open(session.registries);
  if ((await reader.resolveDigest(descriptor.digest)) === undefined) {
    throw usageError('LEGACY_REGISTRY', `${place.format()} does not hold the container ${descriptor.digest}`, {
      hint: `bring it there first: cosa push ${place.format()}`,
    });
  }
  return { place, reader, tag };
}

/**
 * One tag that moves on with the stream, and that of the version: upstream's release metadata takes the one that does not
 * have the version in it, and knows no choice among several.
 */
async function tagsOf(
  { reader, tag }: Holder,
  image: Image,
): Promise<{ tags: readonly string[]; listDigest: Digest | undefined }> {
  const version = labelOf(image, labelNames.version);
  const stream = labelOf(image, labelNames.stream);
  const floating = [tag, stream, stream && candidateTag(stream)].filter((name) => name && name !== version);
  let listDigest: Digest | undefined;
  const leadsHere = async (name: string): Promise<boolean> => {
    const { value: found } = await attempt(() => reader.resolveTag(name));
    if (found === undefined) return false;
    if (found.digest === image.descriptor.digest) return true;
    if (found.mediaType !== mediaTypes.index) return false;
    const { value: entries = [] } = await attempt(() => imageEntries(reader, found));
    if (!entries.some(({ digest }) => digest === image.descriptor.digest)) return false;
    listDigest ??= found.digest;
    return true;
  };
  const tags: string[] = [];
  for (const name of new Set(floating)) {
    if (tags.length === 0 && name !== undefined && (await leadsHere(name))) tags.push(name);
  }
  if (version !== undefined && (await leadsHere(version))) tags.push(version);
  return { tags, listDigest };
}
