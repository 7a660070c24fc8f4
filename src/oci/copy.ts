import type { Reporter } from '../lib/reporter.ts';
import { type BlobCounts, copyBlobs } from './copy/blobs.ts';
import { type CopyRequest, planCopy } from './copy/plan.ts';
import type { ContentStore } from './store.ts';

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
