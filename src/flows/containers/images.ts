import { CosaError } from '../../lib/errors.ts';
import { type Image, isImageEntry, readImage } from '../../oci/image.ts';
import { maximumManifestBytes, parseIndex } from '../../oci/schemas.ts';
import type { ContentReader } from '../../oci/store.ts';
import { isMachineryTag } from '../../oci/tag.ts';
import { type Descriptor, mediaTypes } from '../../oci/types.ts';
import { readSmallBlob } from '../../oci/verified.ts';

/** Images whose manifests and test results are read at a time: registries are waited for, most of the time. */
export const imagesAtOnce = 8;

/** The tags that name images: those by which signatures and referrers are kept are left out. */
export async function imageTags(reader: ContentReader): Promise<ReadonlyMap<string, Descriptor>> {
  return reader.listTags((tag) => !isMachineryTag(tag));
}

/**
 * The manifests of the images that a tag stands for: one, or one for each platform of an index. What is no image, as
 * its descriptor says, is left out.
 */
export async function imageManifests(reader: ContentReader, descriptor: Descriptor): Promise<Descriptor[]> {
  if (descriptor.mediaType !== mediaTypes.index) return [descriptor].filter(isImageEntry);
  const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
  return parseIndex(bytes.toString(), `index ${descriptor.digest}`).manifests.filter(isImageEntry);
}

/** Reads an image; `undefined` for what turns out to be an artifact, which a registry tells only when it is read. */
export async function readIfImage(reader: ContentReader, descriptor: Descriptor): Promise<Image | undefined> {
  try {
    return await readImage(reader, descriptor);
  } catch (error) {
    if (error instanceof CosaError && error.code === 'NOT_AN_IMAGE') return undefined;
    throw error;
  }
}
