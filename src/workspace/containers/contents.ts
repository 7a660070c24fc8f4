import type { Digest } from '../../lib/digest.ts';
import { compareBytes } from '../../lib/order.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { type Attempt, attempt } from '../../oci/attempt.ts';
import type { Image } from '../../oci/image.ts';
import { signatureTag } from '../../oci/signatures/attachment.ts';
import { bundleMediaType } from '../../oci/signatures/bundle.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Descriptor } from '../../oci/types.ts';
import { imageManifests, imagesAtOnce, imageTags, readIfImage } from './images.ts';
import { artifactName, diskImagesListed, foreignFormat, type ListedOther } from './other-content.ts';
import type { ContainerSummary } from './summary.ts';
import { type TestStatuses, testStatuses } from './test-status.ts';

/** A container of a place, with what lies beside it. */
export interface FoundContainer {
  image: Image;
  /** Sorted; those of an index that holds the container among them. */
  tags: readonly string[];
  tests: TestStatuses;
  /** True if there is a signature of it, by whomever: none is verified. */
  signed: boolean;
  /** What of that which lies beside it cannot be read, and why. */
  remarks: readonly string[];
}

/** Everything in a place. */
export interface PlaceContents {
  /** In no particular order. */
  containers: readonly FoundContainer[];
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
 * @param signal aborts between two images
 * @throws what the place itself fails at, as opposed to what it holds; the signal's reason
 */
export async function readContents(reader: ContentReader, signal?: AbortSignal): Promise<PlaceContents> {
  const names = new Set(await reader.tagNames());
  const { images, others } = await findImages(reader, signal);
  const read = await mapParallel(images, (found) => readFound(reader, found, names), imagesAtOnce, signal);
  return {
    containers: read.filter((item): item is FoundContainer => 'image' in item),
    others: [...others, ...read.filter((item): item is ListedOther => 'what' in item)],
  };
}

async function readFound(
  reader: ContentReader,
  { descriptor, tags }: NamedImage,
  tagNames: ReadonlySet<string>,
): Promise<FoundContainer | ListedOther> {
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
    image: image.value,
    tags,
    tests: tests.value ?? { statuses: [], unusable: [] },
    signed: tagNames.has(signatureTag(digest)) || (bundles.value ?? []).length > 0,
    remarks: [...new Set(reasons)],
  };
}

/** What a tag, or an entry without one, stands for. */
interface NamedContent {
  tags: readonly string[];
  descriptor: Descriptor;
}

async function findImages(
  reader: ContentReader,
  signal: AbortSignal | undefined,
): Promise<{ images: NamedImage[]; others: ListedOther[] }> {
  const others: ListedOther[] = [];
  const named: NamedContent[] = [];
  const { tags, unreadable } = await imageTags(reader);
  for (const [tag, descriptor] of tags) named.push({ tags: [tag], descriptor });
  for (const { tag, reason } of unreadable) {
    others.push({ tags: [tag], digest: undefined, what: `cannot be read: ${reason}` });
  }
  for (const { descriptor, reason } of await reader.untagged()) {
    if (reason !== undefined) others.push({ tags: [], digest: descriptor?.digest, what: `cannot be read: ${reason}` });
    else if (descriptor !== undefined) named.push({ tags: [], descriptor });
  }
  const images = new Map<Digest, NamedImage>();
  const found = await mapParallel(named, (content) => manifestsOf(reader, content), imagesAtOnce, signal);
  for (const [index, { value, reason, disks }] of found.entries()) {
    const { tags: ofImage, descriptor } = named[index] as NamedContent;
    if (reason !== undefined) others.push({ tags: ofImage, digest: descriptor.digest, what: reason });
    others.push(...disks);
    for (const image of value ?? []) {
      const known = images.get(image.digest) ?? { descriptor: image, tags: [] };
      known.tags.push(...ofImage);
      images.set(image.digest, known);
    }
  }
  return { images: [...images.values()], others };
}

async function manifestsOf(
  reader: ContentReader,
  { descriptor, tags }: NamedContent,
): Promise<Pick<Attempt<readonly Descriptor[]>, 'value' | 'reason'> & { disks: readonly ListedOther[] }> {
  const foreign = foreignFormat(descriptor);
  if (foreign !== undefined) return { reason: foreign, disks: [] };
  const { value, reason } = await attempt(() => imageManifests(reader, descriptor));
  if (reason !== undefined) return { reason: `cannot be read: ${reason}`, disks: [] };
  return { value, disks: value.length === 0 ? await diskImagesListed(reader, descriptor, tags) : [] };
}

/** By date, which for builds of one config is also the order of versions; then by version, to be definite. */
export function newestFirst(
  a: Pick<ContainerSummary, 'created' | 'version'>,
  b: Pick<ContainerSummary, 'created' | 'version'>,
): number {
  const order = compareBytes(b.created ?? '', a.created ?? '');
  return order === 0 ? compareNumbers(b.version ?? '', a.version ?? '') : order;
}

const numbers = new Intl.Collator('en', { numeric: true });

/** `41.10` is newer than `41.9`. */
function compareNumbers(a: string, b: string): number {
  return numbers.compare(a, b) || compareBytes(a, b);
}
