import { labelNames } from '../../../contract/labels.ts';
import { disksTag } from '../../../contract/tags.ts';
import { diskIndex, type IndexedDiskImage, indexKey } from '../../../disk/distribution/disk-index.ts';
import type { Digest } from '../../../lib/digest.ts';
import { CosaError, usageError, verificationError } from '../../../lib/errors.ts';
import { attempt } from '../../../oci/attempt.ts';
import { isDiskImage } from '../../../oci/disk-image.ts';
import { readIndex, readManifest } from '../../../oci/image.ts';
import type { Place } from '../../../oci/place.ts';
import { platformName } from '../../../oci/platform.ts';
import type { ContentReader, ContentStore } from '../../../oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../oci/types.ts';

/** Disk images that a tag is to name. */
export interface DiskImagesToTag {
  place: Place;
  tag: string;
  version: string;
  /** Their container's manifest. */
  container: Digest;
  images: readonly IndexedDiskImage[];
  /** True to let the tag of a version name other images for the same platforms. */
  force: boolean;
}

/** Builders of other platforms and architectures may set the same tag meanwhile: there are fewer than this. */
const mostAttempts = 8;

/**
 * Points a tag at an index of disk images. Those of the same version for other platforms and architectures stay in it;
 * those of another version, or of another container for the same architecture, go.
 * @returns the index, and whether the tag had to be moved
 * @throws CosaError `DISK_TAG_TAKEN` (exit 2), `TAG_MOVED` (exit 4) if a version would get other images, or others move
 *   the tag again and again
 */
export async function tagDiskImages(
  store: ContentStore,
  request: DiskImagesToTag,
): Promise<{ index: Descriptor; moved: boolean }> {
  const { tag, version, images } = request;
  for (let count = 1; ; count++) {
    const now = await store.resolveTag(tag);
    const index = await store.putManifest(
      diskIndex([...images, ...(await imagesToKeep(store, now, request))], version),
      mediaTypes.index,
    );
    if (now?.digest === index.digest) return { index, moved: false };
    try {
      await store.setTags([tag], index, new Map([[tag, now?.digest]]));
      return { index, moved: true };
    } catch (error) {
      if (!(error instanceof CosaError) || error.code !== 'TAG_MOVED' || count === mostAttempts) throw error;
    }
  }
}

/**
 * What a tag names that stays, once it names other disk images, too.
 * @throws CosaError as {@link tagDiskImages}
 */
export async function imagesToKeep(
  reader: ContentReader,
  now: Descriptor | undefined,
  { place, tag, version, container, images, force }: DiskImagesToTag,
): Promise<readonly IndexedDiskImage[]> {
  if (now === undefined) return [];
  const where = place.format({ tag });
  const entries = now.mediaType === mediaTypes.index ? (await readIndex(reader, now)).manifests : [];
  if (entries.length === 0 || !entries.every(isDiskImage)) {
    throw usageError('DISK_TAG_TAKEN', `${where} names something else than disk images`, {
      hint: `name another tag: ${place.format({ tag: disksTag(version) })}`,
    });
  }
  const given = new Map(images.map((image) => [indexKey(image), image.descriptor.digest]));
  const architectures = new Set(images.map(({ platform }) => platform.architecture));
  const kept: IndexedDiskImage[] = [];
  for (const descriptor of entries) {
    const { platform, annotations } = descriptor;
    if (platform === undefined || annotations?.[labelNames.version] !== version) continue;
    const image = { descriptor, platform };
    const replacement = given.get(indexKey(image));
    if (replacement === descriptor.digest) continue;
    const isOurs = !architectures.has(platform.architecture) || (await isOf(reader, descriptor, container));
    if (isOurs && replacement === undefined) kept.push(image);
    else if (!force && tag === disksTag(version)) {
      throw verificationError(
        'TAG_MOVED',
        `${where} has another disk image for ${platformName(platform)}, ${descriptor.digest}: a version is given once`,
        { hint: 'push under another tag, or replace the other with --force' },
      );
    }
  }
  return kept;
}

async function isOf(reader: ContentReader, descriptor: Descriptor, container: Digest): Promise<boolean> {
  const { value } = await attempt(() => readManifest(reader, descriptor));
  return value?.subject?.digest === container;
}
