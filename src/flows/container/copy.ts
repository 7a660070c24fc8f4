import type { Digest } from '../../lib/digest.ts';
import { usageError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { type CopySource, questionsAtOnce } from '../../oci/copy/plan.ts';
import { chooseImage } from '../../oci/image.ts';
import { openReference } from '../../oci/open.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { parseReference, splitTagPattern, type TagPattern } from '../../oci/reference.ts';
import type { ContentReader } from '../../oci/store.ts';
import { matchingTags } from '../../oci/tag.ts';
import { workDirectoryPlace } from '../../oci/transports.ts';
import type { Descriptor, Platform } from '../../oci/types.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { type Destination, parseDestination, tagMissing } from '../../workspace/transfer/destination.ts';
import { sourceTag } from '../../workspace/transfer/source-tag.ts';
import { type Transferred, transfer } from '../../workspace/transfer.ts';

export interface CopyOptions {
  /** A reference, or one with a pattern for tags: `docker://HOST/REPO:testing-*`. */
  source: string;
  /** A reference; without a tag the image keeps that of the source. */
  destination: string;
  /** Everything: each image of an index, referrers, and what cosign has attached. */
  all: boolean;
  /** With everything: the disk images that were made of it, too. */
  diskImages?: boolean | undefined;
  /** Which image of an index, unless all are copied; the one for this machine unless given. */
  platform: Platform | undefined;
  /** Move tags of versions from one container to another, too. */
  force?: boolean;
  /** Only say what would be copied. */
  dryRun: boolean;
}

/**
 * Copies an image, or all that a pattern stands for, from any place to any other, bytes and digests unchanged.
 * @param directory where `oci/` may lie, and what relative paths start from
 * @returns one for each image, in the order of the tags
 * @throws CosaError `DESTINATION_TAG`, `DESTINATION_DIGEST`, `TAGS_NONE` (exit 2), what `openReference`, `chooseImage`
 *   and `transfer` throw
 */
export async function copyContainers(
  session: Session,
  directory: string,
  options: CopyOptions,
): Promise<readonly Transferred[]> {
  const { root } = await workDirectoryFor(directory, options.source);
  const pattern = splitTagPattern(options.source);
  if (pattern !== undefined) return copyMatching(session, root, pattern, options);
  const destination = parseDestination(options.destination, root);
  const opened = await openReference(options.source, root, session.registries);
  const tag = destination.tag ?? sourceTag(opened);
  if (tag === undefined) throw tagMissing(destination, `${options.source} has none`);
  return [await copyOne(session, opened, destination, [tag], options)];
}

async function copyMatching(
  session: Session,
  root: string,
  { place, pattern }: TagPattern,
  options: CopyOptions,
): Promise<readonly Transferred[]> {
  const destination = parseDestination(options.destination, root);
  if (destination.tag !== undefined) {
    throw usageError('DESTINATION_TAG', `${options.destination} names a tag, and ${options.source} may be many`, {
      hint: `they keep their tags: write ${destination.place.format()}`,
    });
  }
  const from = place === undefined ? workDirectoryPlace(root) : parseReference(place).placeIn(root);
  const reader = await from.open(session.registries);
  const images = await imagesByTag(reader, pattern);
  if (images.length === 0) {
    throw usageError('TAGS_NONE', `${from.format()} has no tag like "${pattern}"`);
  }
  const copied: Transferred[] = [];
  for (const { descriptor, tags } of images) {
    copied.push(await copyOne(session, { place: from, reader, descriptor }, destination, tags, options));
  }
  return copied;
}

/** Images with all of their tags that match, in the order of the tags. */
async function imagesByTag(reader: ContentReader, pattern: string) {
  const names = matchingTags(pattern, await reader.tagNames());
  const descriptors = await mapParallel(names, (name) => reader.resolveTag(name), questionsAtOnce);
  const images = new Map<Digest, { descriptor: Descriptor; tags: string[] }>();
  for (const [index, tag] of names.entries()) {
    const descriptor = descriptors[index];
    // It was removed meanwhile.
    if (descriptor === undefined) continue;
    const image = images.get(descriptor.digest) ?? { descriptor, tags: [] };
    image.tags.push(tag);
    images.set(descriptor.digest, image);
  }
  return [...images.values()];
}

async function copyOne(
  session: Session,
  from: CopySource,
  destination: Destination,
  tags: readonly string[],
  { all, diskImages = false, platform = hostPlatform(), force = false, dryRun }: CopyOptions,
): Promise<Transferred> {
  const descriptor = all ? from.descriptor : await chooseImage(from.reader, from.descriptor, platform);
  const extent = all ? 'everything' : 'image';
  return transfer(session, {
    from: { ...from, descriptor },
    to: destination.place,
    tags,
    extent,
    diskImages,
    force,
    dryRun,
  });
}
