import type { Digest } from '../../lib/digest.ts';
import { compareBytes } from '../../lib/order.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../../oci/attempt.ts';
import type { Place } from '../../oci/place.ts';
import { signatureTag } from '../../oci/signatures/attachment.ts';
import { bundleMediaType } from '../../oci/signatures/bundle.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Descriptor } from '../../oci/types.ts';
import { requireContents } from '../../workspace/place.ts';
import type { Session } from '../../workspace/session.ts';
import { imageManifests, imagesAtOnce, imageTags, readIfImage } from './images.ts';
import { artifactName, diskImagesListed, foreignFormat, type ListedOther } from './list/other-content.ts';
import { type ContainerSummary, summarize } from './summary.ts';
import { type TestStatus, testStatuses } from './test-status.ts';

export interface ListedContainer extends ContainerSummary {
  /** Sorted; those of an index that holds the container among them. */
  tags: readonly string[];
  tests: readonly TestStatus[];
  /** Results that do not count: malformed, missing, from the future. */
  unusableTests: number;
  /** True if there is a signature of it, by whomever: none is verified. */
  signed: boolean;
  /** What of that which lies beside it cannot be read, and why. */
  remarks: readonly string[];
}

export interface ListedPlace {
  /** Newest first. */
  containers: readonly ListedContainer[];
  /** What is there besides, and what cannot be read. */
  others: readonly ListedOther[];
}

/** An image as a tag or an index names it, not read yet. */
interface NamedImage {
  descriptor: Descriptor;
  tags: string[];
}

/**
 * Everything in a place: its containers, and by name what is none. What is damaged or malformed has its reason, and keeps
 * nobody from the rest.
 * @throws CosaError `REPOSITORY_MISSING` (exit 2), what `Place.open` throws
 */
export async function listContainers(session: Session, place: Place): Promise<ListedPlace> {
  const reader = await place.open(session.registries);
  await requireContents(reader, place);
  const names = new Set(await reader.tagNames());
  const { images, others } = await findImages(reader);
  const read = await mapParallel(images, (found) => listImage(reader, found, names), imagesAtOnce);
  const containers = read.filter((item): item is ListedContainer => 'version' in item);
  return {
    containers: containers.sort(newestFirst),
    others: [...others, ...read.filter((item): item is ListedOther => 'what' in item)],
  };
}

async function listImage(
  reader: ContentReader,
  { descriptor, tags }: NamedImage,
  tagNames: ReadonlySet<string>,
): Promise<ListedContainer | ListedOther> {
  const { digest } = descriptor;
  const other = (what: string): ListedOther => ({ tags, digest, what });
  const image = await attempt(() => readIfImage(reader, descriptor));
  if (image.reason !== undefined) return other(`cannot be read: ${image.reason}`);
  if (image.value === undefined) {
    const { value, reason } = await attempt(() => artifactName(reader, descriptor));
    return other(value ?? `cannot be read: ${reason}`);
  }
  const tests = await attempt(() => testStatuses(reader, digest));
  const bundles = await attempt(() => reader.referrers(digest, bundleMediaType));
  const reasons = [tests.reason, bundles.reason].filter((reason) => reason !== undefined);
  return {
    ...summarize(image.value),
    tags,
    tests: tests.value?.statuses ?? [],
    unusableTests: tests.value?.unusable.length ?? 0,
    signed: tagNames.has(signatureTag(digest)) || (bundles.value ?? []).length > 0,
    remarks: [...new Set(reasons)],
  };
}

async function findImages(reader: ContentReader): Promise<{ images: NamedImage[]; others: ListedOther[] }> {
  const images = new Map<Digest, NamedImage>();
  const others: ListedOther[] = [];
  const { tags, unreadable } = await imageTags(reader);

  async function add(descriptor: Descriptor, tag: readonly string[]): Promise<void> {
    const foreign = foreignFormat(descriptor);
    const { digest } = descriptor;
    if (foreign !== undefined) {
      others.push({ tags: tag, digest, what: foreign });
      return;
    }
    const { value, reason } = await attempt(() => imageManifests(reader, descriptor));
    if (reason !== undefined) others.push({ tags: tag, digest, what: `cannot be read: ${reason}` });
    if (value?.length === 0) others.push(...(await diskImagesListed(reader, descriptor, tag)));
    for (const image of value ?? []) {
      const found = images.get(image.digest) ?? { descriptor: image, tags: [] };
      found.tags.push(...tag);
      images.set(image.digest, found);
    }
  }

  for (const [tag, descriptor] of tags) await add(descriptor, [tag]);
  for (const { tag, reason } of unreadable) {
    others.push({ tags: [tag], digest: undefined, what: `cannot be read: ${reason}` });
  }
  for (const { descriptor, reason } of await reader.untagged()) {
    if (reason !== undefined) others.push({ tags: [], digest: descriptor?.digest, what: `cannot be read: ${reason}` });
    else if (descriptor !== undefined) await add(descriptor, []);
  }
  return { images: [...images.values()], others };
}

/** By date, which for builds of one config is also the order of versions; then by version, to be definite. */
export function newestFirst(a: ContainerSummary, b: ContainerSummary): number {
  const order = compareBytes(b.created ?? '', a.created ?? '');
  return order === 0 ? compareNumbers(b.version ?? '', a.version ?? '') : order;
}

/** `41.10` is newer than `41.9`. */
function compareNumbers(a: string, b: string): number {
  return new Intl.Collator('en', { numeric: true }).compare(a, b) || compareBytes(a, b);
}
