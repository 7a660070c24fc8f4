import { CosaError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../../oci/attempt.ts';
import { type Image, imageEntries, isImageEntry, readImage } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { isMachineryTag } from '../../oci/tag.ts';
import type { Descriptor } from '../../oci/types.ts';

/** Images whose manifests and test results are read at a time: registries are waited for, most of the time. */
export const imagesAtOnce = 8;

export interface ImageTags {
  /** Sorted by tag. */
  tags: ReadonlyMap<string, Descriptor>;
  /** Tags of which nobody knows what they point to, and why. */
  unreadable: readonly { tag: string; reason: string }[];
}

/** The tags that name images: those by which signatures and referrers are kept are left out. */
export async function imageTags(reader: ContentReader): Promise<ImageTags> {
  const names = (await reader.tagNames()).filter((tag) => !isMachineryTag(tag));
  const resolved = await mapParallel(names, (tag) => attempt(() => reader.resolveTag(tag)), imagesAtOnce);
  const tags = new Map<string, Descriptor>();
  const unreadable: { tag: string; reason: string }[] = [];
  for (const [index, tag] of names.entries()) {
    const { value, reason } = resolved[index] ?? {};
    if (reason !== undefined) unreadable.push({ tag, reason });
    // A tag that is gone meanwhile is left out.
    else if (value !== undefined) tags.set(tag, value);
  }
  return { tags, unreadable };
}

/**
 * The manifests of the images that a tag stands for: one, or one for each platform of an index. What is no image, as
 * its descriptor says, is left out.
 */
export async function imageManifests(reader: ContentReader, descriptor: Descriptor): Promise<readonly Descriptor[]> {
  return (await imageEntries(reader, descriptor)).filter(isImageEntry);
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
