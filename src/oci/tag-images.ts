import { labelNames } from '../contract/labels.ts';
import type { Digest } from '../lib/digest.ts';
import { CosaError, verificationError } from '../lib/errors.ts';
import { attempt } from './attempt.ts';
import { type Image, imageEntries, labelOf, readImage } from './image.ts';
import { platformName } from './platform.ts';
import { platformIndex, platformOf } from './platform-index.ts';
import type { ContentReader, ContentStore } from './store.ts';
import { type Descriptor, mediaTypes, type Platform } from './types.ts';

/** An image, or an index of several, with all of them. */
export interface Offer {
  descriptor: Descriptor;
  /** Each for another platform. */
  images: readonly Image[];
}

/** What is offered to some platforms, and to others. */
export interface OfferedImages {
  same: readonly Image[];
  others: readonly Image[];
}

/**
 * Reads what a tag offers to some platforms, and to others. What is no image, or cannot be read, is left out.
 * @returns also what it names `now`; `undefined` if there is no such tag
 */
export async function imagesTagged(
  reader: ContentReader,
  tag: string,
  platforms: readonly Platform[],
): Promise<OfferedImages & { now: Descriptor | undefined }> {
  const now = await reader.resolveTag(tag);
  return { now, ...(await imagesAt(reader, now, platforms)) };
}

/** As {@link imagesTagged}, of what a tag names. */
export async function imagesAt(
  reader: ContentReader,
  now: Descriptor | undefined,
  platforms: readonly Platform[],
): Promise<OfferedImages> {
  const { value: entries = [] } = now === undefined ? {} : await attempt(() => imageEntries(reader, now));
  const read = await Promise.all(entries.map((entry) => attempt(() => readImage(reader, entry))));
  const images = read.map(({ value }) => value).filter((image) => image !== undefined);
  const names = new Set(platforms.map(platformName));
  const isSame = (image: Image) => names.has(platformName(platformOf(image)));
  return { same: images.filter(isSame), others: images.filter((image) => !isSame(image)) };
}

/** Builds for other architectures may set the same tags meanwhile: there are fewer architectures than this. */
const mostAttempts = 8;

/**
 * Points tags at what is stored, and takes them from no other platform: a tag that offers images for others comes to
 * name an index of all of them. In a layout, tags that come to name the same are set in one step.
 * @param options.force lets a tag that is the image's version come to offer another image for the same platform
 * @throws CosaError `TAG_MOVED` (exit 4) if the version offers another image, or others move a tag again and again
 */
export async function tagImages(
  store: ContentStore,
  tags: readonly string[],
  offer: Offer,
  { force }: { force: boolean },
): Promise<void> {
  for (let count = 1; ; count++) {
    const moves = await planMoves(store, tags, offer, force);
    try {
      for (const { descriptor, expected } of moves) await store.setTags([...expected.keys()], descriptor, expected);
      return;
    } catch (error) {
      if (!(error instanceof CosaError) || error.code !== 'TAG_MOVED' || count === mostAttempts) throw error;
    }
  }
}

interface TagMove {
  descriptor: Descriptor;
  /** The tags that are to name it, with what they name now. */
  expected: Map<string, Digest | undefined>;
}

async function planMoves(
  store: ContentStore,
  tags: readonly string[],
  offer: Offer,
  force: boolean,
): Promise<Iterable<TagMove>> {
  const digests = new Set(offer.images.map((image) => image.descriptor.digest));
  const versions = new Set(offer.images.map((image) => labelOf(image, labelNames.version)));
  const moves = new Map<Digest, TagMove>();
  for (const tag of tags) {
    const { now, same, others } = await imagesTagged(store, tag, offer.images.map(platformOf));
    const another = same.find((image) => !digests.has(image.descriptor.digest));
    if (!force && versions.has(tag) && another !== undefined) {
      throw verificationError('TAG_MOVED', `the version ${tag} is another container, ${another.descriptor.digest}`, {
        hint: 'somebody else has given it: run the command again, or replace the other with --force',
      });
    }
    const descriptor = await withOthers(store, offer, others);
    const move = moves.get(descriptor.digest) ?? { descriptor, expected: new Map() };
    move.expected.set(tag, now?.digest);
    moves.set(descriptor.digest, move);
  }
  return moves.values();
}

async function withOthers(store: ContentStore, { descriptor, images }: Offer, others: readonly Image[]) {
  if (others.length === 0) return descriptor;
  const members = [...images, ...others].map((image) => ({ name: image.descriptor.digest, image }));
  return store.putManifest(platformIndex(members), mediaTypes.index);
}
