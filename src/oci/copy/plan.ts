import type { Digest } from '../../lib/digest.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../attempt.ts';
import { isDiskImage } from '../disk-image.ts';
import type { Image } from '../image.ts';
import type { OpenedReference } from '../open.ts';
import type { Place } from '../place.ts';
import { platformOf } from '../platform-index.ts';
import type { ContentReader } from '../store.ts';
import { imagesAt } from '../tag-images.ts';
import type { Descriptor } from '../types.ts';
import { blobsOf, type ManifestContent, readContent } from './content.ts';
import { readAttachments, readReferrers } from './related.ts';
import { keepVersions } from './version-tags.ts';

/** Questions are small: more of them than of transfers may be under way. */
export const questionsAtOnce = 12;

/** What is to be copied, and from where: an opened reference is one. */
export type CopySource = Pick<OpenedReference, 'place' | 'reader' | 'descriptor'>;

/**
 * How much is copied: the image alone; with its referrers (test results, signatures, lists of packages) and what cosign
 * attaches to it under tags; or an index with those of all its images.
 */
export type CopyExtent = 'image' | 'referrers' | 'everything';

export interface CopyRequest {
  from: CopySource;
  to: { place: Place; reader: ContentReader };
  /** The tags that are to point to it in the end. */
  tags: readonly string[];
  /** What is copied, read: then no tag is taken from other platforms. */
  images?: readonly Image[] | undefined;
  /** True to move tags of versions, too, from one container to another. */
  force?: boolean;
  extent: CopyExtent;
  /** True to take disk images along with what else refers to the image: gigabytes, where the rest are kilobytes. */
  diskImages?: boolean | undefined;
}

/** What a place lacks of an image. */
export interface CopyPlan {
  /** Blobs to store, in any order. */
  blobs: readonly Descriptor[];
  /** The needed blobs that are there, and their bytes together. */
  present: { blobs: number; bytes: number };
  /** Manifests to store after the blobs, in this order. */
  manifests: readonly ManifestContent[];
  /** Tags of what was attached, to be set next: tag → manifest. */
  attachments: ReadonlyMap<string, Descriptor>;
  /** Why some referrers or attachments cannot be read: they are not copied. */
  leftOut: readonly string[];
  /** How many disk images refer to it that nobody asked for. */
  diskImagesLeft: number;
  /** The image's own tags that do not point to it yet: set last. */
  tags: readonly string[];
  /** Those of them that offer images for other platforms, and are to do so still. */
  shared: readonly string[];
  /** Where they must still point then: versions, see {@link keepVersions}, and all that others might come to share. */
  expected: ReadonlyMap<string, Digest | undefined>;
}

/**
 * Finds out what a place lacks. A registry whose tags all point to the image already is asked nothing but that.
 * @param ask a registry has with a manifest all that it names, unless it turns out that it has lost some of it
 * @throws CosaError `TAG_MOVED` (exit 4), what `readContent`, `readReferrers` and the places throw
 */
export async function planCopy(request: CopyRequest, ask: 'manifests' | 'each blob' = 'manifests'): Promise<CopyPlan> {
  const { from, to, extent } = request;
  const where = from.place.format();
  // A layout's blobs may be damaged or gone, and looking is cheap: to copy again is how one mends it.
  const trusted = ask === 'manifests' && to.place.keepsManifestsWhole === true;
  const { moving, shared } = await tagsToMove(request);
  const taken = new Map([...moving].filter(([tag]) => !shared.includes(tag)));
  const versions = request.force === true ? new Map<string, Digest | undefined>() : await keepVersions(request, taken);
  const mayShare = request.images === undefined ? new Map() : taken;
  const expected = new Map([...versions, ...[...mayShare].map(([tag, now]) => [tag, now?.digest] as const)]);
  const isThere = trusted && moving.size === 0 && request.tags.length > 0;
  const image = isThere && extent !== 'everything' ? [] : await readContent(from.reader, [from.descriptor], where);
  const { referrers, attachments, left } = await missingRelated(request, image, where);
  const leftOut = new Map<Digest, string>();
  const found = await readContent(from.reader, [...referrers, ...attachments.values()], where, ({ digest }, reason) =>
    leftOut.set(digest, reason),
  );
  const related: ManifestContent[] = [];
  for (const content of found) {
    const lost = await firstMissing(from, content.blobs);
    if (lost === undefined) related.push(content);
    else leftOut.set(content.descriptor.digest, `blob ${lost.digest} is missing or cut off in ${where}`);
  }
  for (const [tag, { digest }] of attachments) if (leftOut.has(digest)) attachments.delete(tag);
  const contents = isThere ? related : [...image, ...related];

  const [stored, replaced] = await Promise.all([
    storedManifests(to, contents),
    trusted ? replacedContent(request, moving) : [],
  ]);
  const complete = trusted ? contents.filter(({ descriptor }) => stored.has(descriptor.digest)) : [];
  const known = new Set(blobsOf([...complete, ...replaced]).map(({ digest }) => digest));
  const blobs = blobsOf(contents);
  const missing = await missingBlobs(to.reader, blobs, known);
  const isReferrer = new Set(referrers.map(({ digest }) => digest));
  return {
    blobs: missing,
    present: { blobs: blobs.length - missing.length, bytes: totalBytes(blobs) - totalBytes(missing) },
    // A referrer is stored again though its manifest is there: what is lacking is that it is listed.
    manifests: contents.filter(({ descriptor: { digest } }) => isReferrer.has(digest) || !stored.has(digest)),
    attachments,
    leftOut: [...leftOut].map(([digest, reason]) => `${digest}: ${reason}`),
    diskImagesLeft: left,
    tags: [...moving.keys()],
    shared,
    expected,
  };
}

interface TagsToMove {
  /** Those that do not point to the image yet, with what they point to. */
  moving: ReadonlyMap<string, Descriptor | undefined>;
  /** Those of them that offer something to other platforms. */
  shared: readonly string[];
}

async function tagsToMove({ from, to, tags, images }: CopyRequest): Promise<TagsToMove> {
  const now = await mapParallel(tags, (tag) => to.reader.resolveTag(tag), questionsAtOnce);
  const all = tags.map((tag, index) => [tag, now[index]] as const);
  const moving = new Map(all.filter(([, descriptor]) => descriptor?.digest !== from.descriptor.digest));
  const shared: string[] = [];
  if (images === undefined) return { moving, shared };
  for (const [tag, descriptor] of moving) {
    const { same, others } = await imagesAt(to.reader, descriptor, images.map(platformOf));
    if (others.length === 0) continue;
    const offered = new Set(same.map((image) => image.descriptor.digest));
    if (images.every((image) => offered.has(image.descriptor.digest))) moving.delete(tag);
    else shared.push(tag);
  }
  return { moving, shared };
}

/** The referrers and attachments that are not there yet. */
async function missingRelated(
  { from, to, extent, diskImages = false }: CopyRequest,
  image: readonly ManifestContent[],
  where: string,
) {
  const referrers: Descriptor[] = [];
  const attachments = new Map<string, Descriptor>();
  const left = new Set<Digest>();
  if (extent === 'image') return { referrers, attachments, left: 0 };
  const images = extent === 'referrers' ? [from.descriptor] : image.map(({ descriptor }) => descriptor);
  const subjects = images.map(({ digest }) => digest);
  const isLeft = (descriptor: Descriptor) => {
    // Those of an index that is copied are copied already.
    if (diskImages || !isDiskImage(descriptor) || subjects.includes(descriptor.digest)) return false;
    left.add(descriptor.digest);
    return true;
  };
  const related = await readReferrers(from.reader, subjects, where, { isLeft });
  const disks = related.map(({ descriptor }) => descriptor).filter(isDiskImage);
  const attached = await readAttachments(from.reader, [...subjects, ...disks.map(({ digest }) => digest)]);
  const referred = [...new Set(related.map(({ subject }) => subject))];
  const lists = await mapParallel(referred, (subject) => listedAt(to.reader, subject), questionsAtOnce);
  const listed = new Map(referred.map((subject, index) => [subject, lists[index]]));
  for (const { subject, descriptor } of related) {
    if (listed.get(subject)?.has(descriptor.digest) !== true) referrers.push(descriptor);
  }
  for (const [tag, descriptor] of attached) {
    const there = await to.reader.resolveTag(tag);
    if (there?.digest !== descriptor.digest) attachments.set(tag, descriptor);
  }
  return { referrers, attachments, left: left.size };
}

/** A blob that files turn out not to have, found before anything moves. A registry tells when it is asked for it. */
export async function firstMissing(
  { place, reader }: CopyRequest['from'],
  blobs: readonly Descriptor[],
): Promise<Descriptor | undefined> {
  if (place.keepsManifestsWhole === true) return undefined;
  for (const blob of blobs) if (!(await reader.hasBlob(blob.digest, blob.size))) return blob;
  return undefined;
}

/** A list that cannot be read lists nothing: what is written then says so. */
async function listedAt(reader: ContentReader, subject: Digest): Promise<ReadonlySet<Digest>> {
  const { value = [] } = await attempt(() => reader.referrers(subject));
  return new Set(value.map(({ digest }) => digest));
}

async function storedManifests(
  { place, reader }: CopyRequest['to'],
  contents: readonly ManifestContent[],
): Promise<ReadonlySet<Digest>> {
  const descriptors = contents.map(({ descriptor }) => descriptor);
  const found = await mapParallel(
    descriptors,
    async ({ digest, size }) =>
      place.keepsManifestsWhole === true
        ? (await reader.resolveDigest(digest)) !== undefined
        : // An entry of an index may name what is gone or damaged.
          reader.hasBlob(digest, size),
    questionsAtOnce,
  );
  return new Set(descriptors.filter((_descriptor, index) => found[index] === true).map(({ digest }) => digest));
}

/** What the tags point to until now: the build before, most of whose layers are the new one's too. */
async function replacedContent(
  { to }: CopyRequest,
  moving: ReadonlyMap<string, Descriptor | undefined>,
): Promise<ManifestContent[]> {
  const replaced = [...moving.values()].filter((descriptor) => descriptor !== undefined);
  const { value } = await attempt(() => readContent(to.reader, replaced, to.place.format()));
  // Something else than an image stood there: it is about to be replaced.
  return value ?? [];
}

async function missingBlobs(
  reader: ContentReader,
  blobs: readonly Descriptor[],
  known: ReadonlySet<Digest>,
): Promise<Descriptor[]> {
  const there = await mapParallel(
    blobs,
    async ({ digest, size }) => known.has(digest) || reader.hasBlob(digest, size),
    questionsAtOnce,
  );
  return blobs.filter((_blob, index) => there[index] !== true);
}

/** Bytes of some blobs together. */
export function totalBytes(blobs: readonly Descriptor[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}
