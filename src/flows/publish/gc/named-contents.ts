import { labelNames } from '../../../contract/labels.ts';
import { namedDiskImages } from '../../../disk/distribution/offered.ts';
import { type Digest, isDigest } from '../../../lib/digest.ts';
import { mapParallel } from '../../../lib/parallel.ts';
import { type Attempt, attempt } from '../../../oci/attempt.ts';
import { type Image, isImageEntry, labelOf, readIndex, readManifest } from '../../../oci/image.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../oci/types.ts';
import { imagesAtOnce, imageTags, readIfImage } from '../../../workspace/containers/images.ts';

/** What tags of a place point to, and what that needs of the place. */
export interface NamedContent {
  /** Of a manifest or an index. */
  descriptor: Descriptor;
  /** Sorted. */
  tags: readonly string[];
  /** The image; of an index, the first one of it. */
  image: Image | undefined;
  /** Of an index, all that it lists: of images, and of others. */
  images: readonly Digest[];
  others: readonly Digest[];
  /** Images that it is derived from, by its own word. */
  bases: readonly Digest[];
  /** What it is about, where it is no image itself: of disk images, the containers that they were made of. */
  subjects: readonly Digest[];
}

export interface NamedContents {
  contents: readonly NamedContent[];
  /** Why some of it cannot be read: nobody knows what that needs. */
  unreadable: readonly string[];
}

/** Reads all that tags of a place point to. What cannot be read has its reason. */
export async function readNamedContents(reader: ContentReader): Promise<NamedContents> {
  const { tags, unreadable } = await imageTags(reader);
  const byDigest = new Map<Digest, { descriptor: Descriptor; tags: string[] }>();
  for (const [tag, descriptor] of tags) {
    const found = byDigest.get(descriptor.digest) ?? { descriptor, tags: [] };
    found.tags.push(tag);
    byDigest.set(descriptor.digest, found);
  }
  const read = await mapParallel([...byDigest.values()], (named) => readNamed(reader, named), imagesAtOnce);
  return {
    contents: read.flatMap(({ value }) => value ?? []),
    unreadable: [...unreadable.map(({ reason }) => reason), ...read.flatMap(({ reason }) => reason ?? [])],
  };
}

function readNamed(
  reader: ContentReader,
  named: { descriptor: Descriptor; tags: readonly string[] },
): Promise<Attempt<NamedContent>> {
  return attempt(() =>
    named.descriptor.mediaType === mediaTypes.index ? readNamedIndex(reader, named) : readNamedManifest(reader, named),
  );
}

async function readNamedIndex(
  reader: ContentReader,
  named: { descriptor: Descriptor; tags: readonly string[] },
): Promise<NamedContent> {
  const { manifests, subject } = await readIndex(reader, named.descriptor);
  const entries = manifests.filter(isImageEntry);
  const images = await mapParallel(entries, (entry) => readIfImage(reader, entry), imagesAtOnce);
  const disks = await namedDiskImages(reader, named.descriptor);
  const made = await mapParallel(disks, (disk) => attempt(() => readManifest(reader, disk.descriptor)), imagesAtOnce);
  const about = [subject?.digest, ...made.map(({ value }) => value?.subject?.digest)];
  return {
    ...named,
    image: images.find((image) => image !== undefined),
    images: entries.map(({ digest }) => digest),
    others: manifests.filter((entry) => !isImageEntry(entry)).map(({ digest }) => digest),
    bases: images.flatMap((image) => (image === undefined ? [] : basesOf(image))),
    subjects: [...new Set(about.filter((digest) => digest !== undefined))],
  };
}

async function readNamedManifest(
  reader: ContentReader,
  named: { descriptor: Descriptor; tags: readonly string[] },
): Promise<NamedContent> {
  const image = await readIfImage(reader, named.descriptor);
  const { subject } = image?.manifest ?? (await readManifest(reader, named.descriptor));
  return {
    ...named,
    image,
    images: [],
    others: [],
    bases: image === undefined ? [] : basesOf(image),
    subjects: subject === undefined ? [] : [subject.digest],
  };
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md#pre-defined-annotation-keys */
function basesOf(image: Image): readonly Digest[] {
  const named = [image.manifest.annotations?.[labelNames.baseDigest], labelOf(image, labelNames.baseDigest)];
  return named.filter((digest): digest is Digest => digest !== undefined && isDigest(digest));
}
