import type { Reporter } from '../lib/reporter.ts';
import { type BlobCounts, copyBlobs } from './copy/blobs.ts';
import { type CopyRequest, planCopy } from './copy/plan.ts';
import { type Image, readImage } from './image.ts';
import { maximumManifestBytes } from './schemas.ts';
import type { ContentReader, ContentStore } from './store.ts';
import type { Descriptor } from './types.ts';
import { readSmallBlob } from './verified.ts';

export interface CopyCounts extends BlobCounts {
  /** Blobs that were there already. */
  present: number;
  /** The image's tags that were moved. */
  moved: readonly string[];
}

/**
 * Copies an image or a whole index, bytes and digests unchanged, with what is to come along: only what is missing
 * moves, and tags are set last, after all that they need is there. Doing it again is cheap; a copy that was stopped
 * leaves only blobs and manifests that no tag reaches.
 * @throws CosaError what {@link planCopy}, `readBlob`, `putBlob`, `putManifest` and `setTags` throw; then no tag is set
 */
export async function copyContent(request: CopyRequest, store: ContentStore, reporter: Reporter): Promise<CopyCounts> {
  const plan = await planCopy(request);
  const { place, reader, descriptor } = request.from;
  const counts = await copyBlobs(
    {
      from: reader,
      to: store,
      blobs: plan.blobs,
      presentBytes: plan.present.bytes,
      heldBy: place.transport === 'docker' ? { host: place.host, repository: place.repository } : undefined,
    },
    reporter,
  );
  for (const manifest of plan.manifests) {
    reporter.signal.throwIfAborted();
    const { mediaType, artifactType, annotations } = manifest.descriptor;
    await store.putManifest(manifest.text, mediaType, {
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    });
  }
  for (const [tag, attachment] of plan.attachments) await store.setTags([tag], attachment);
  if (plan.tags.length > 0) await store.setTags(plan.tags, descriptor);
  return { ...counts, present: plan.present.blobs, moved: plan.tags };
}

/**
 * Copies an image alone, and sets no tag.
 * @param descriptor of a manifest, or of an index with one image
 * @throws CosaError what {@link readImage}, `readBlob` and `putBlob` throw
 */
export async function copyImage(
  from: ContentReader,
  descriptor: Descriptor,
  to: ContentStore,
  reporter: Reporter,
): Promise<Image> {
  const image = await readImage(from, descriptor);
  const blobs: Descriptor[] = [];
  for (const blob of [image.manifest.config, ...image.manifest.layers]) {
    if (!(await to.hasBlob(blob.digest))) blobs.push(blob);
  }
  await copyBlobs({ from, to, blobs, presentBytes: 0, heldBy: undefined }, reporter);
  const content = await readSmallBlob(from, image.descriptor, maximumManifestBytes);
  await to.putManifest(content.toString(), image.descriptor.mediaType);
  return image;
}
