import { CosaError } from '../lib/errors.ts';
import type { Reporter } from '../progress/reporter.ts';
import { type BlobCounts, copyBlobs } from './copy/blobs.ts';
import { type CopyPlan, type CopyRequest, firstMissing, planCopy } from './copy/plan.ts';
import { mergeAttachment } from './signatures/attachment.ts';
import type { ContentStore } from './store.ts';
import { tagImages } from './tag-images.ts';

export interface CopyCounts extends BlobCounts {
  /** Blobs that were there already. */
  present: number;
  /** The image's tags that were moved. */
  moved: readonly string[];
  /** Why some referrers or attachments are not copied: they cannot be read. */
  leftOut: readonly string[];
  /** How many disk images refer to it that nobody asked for: they are not copied. */
  diskImagesLeft: number;
}

/**
 * Copies an image or a whole index, bytes and digests unchanged, as much of it as the request says: only what is missing
 * moves, and tags are set last, after all that they need is there. Doing it again is cheap; a copy that was stopped
 * leaves only blobs and manifests that no tag reaches.
 * @throws CosaError what {@link planCopy}, `readBlob`, `putBlob`, `putManifest` and `setTags` throw; then no tag is set
 */
export async function copyContent(request: CopyRequest, store: ContentStore, reporter: Reporter): Promise<CopyCounts> {
  const plan = await planCopy(request);
  const missing = await firstMissing(request.from, plan.blobs);
  // Reading it says what is wrong with it, before gigabytes of the others have gone over.
  if (missing !== undefined) await request.from.reader.readBlob(missing)[Symbol.asyncIterator]().next();
  const counts = {
    ...(await moveBlobs(plan, request, store, reporter)),
    present: plan.present.blobs,
    moved: plan.tags,
    leftOut: plan.leftOut,
    diskImagesLeft: plan.diskImagesLeft,
  };
  try {
    await publish(plan, request, store, reporter);
    return counts;
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'MANIFEST_REFUSED') throw error;
    // A registry may have lost what its manifests name: then each blob is asked for.
    const whole = await planCopy(request, 'each blob');
    if (whole.blobs.length === 0) throw error;
    const { sent, mounted, bytes } = await moveBlobs(whole, request, store, reporter);
    await publish(whole, request, store, reporter);
    return {
      sent: counts.sent + sent,
      mounted: counts.mounted + mounted,
      present: counts.present - sent - mounted,
      bytes: counts.bytes + bytes,
      moved: plan.tags,
      leftOut: plan.leftOut,
      diskImagesLeft: plan.diskImagesLeft,
    };
  }
}

function moveBlobs(
  { blobs, present }: CopyPlan,
  { from: { place, reader } }: CopyRequest,
  store: ContentStore,
  reporter: Reporter,
): Promise<BlobCounts> {
  return copyBlobs(
    { from: reader, to: store, blobs, presentBytes: present.bytes, mountSource: place.mountSource },
    reporter,
  );
}

/** Stores manifests, children first, and sets tags: from here on others see the image. */
async function publish(
  plan: CopyPlan,
  { from, images = [], force = false }: CopyRequest,
  store: ContentStore,
  { signal }: Reporter,
): Promise<void> {
  for (const { text, descriptor } of plan.manifests) {
    signal.throwIfAborted();
    const { mediaType, artifactType, annotations } = descriptor;
    await store.putManifest(text, mediaType, {
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    });
  }
  for (const [tag, attachment] of plan.attachments) await mergeAttachment(store, tag, attachment);
  const taken = plan.tags.filter((tag) => !plan.shared.includes(tag));
  const offer = { descriptor: from.descriptor, images };
  await tagImages(store, plan.shared, offer, { force });
  if (taken.length === 0) return;
  try {
    await store.setTags(taken, from.descriptor, plan.expected);
  } catch (error) {
    if (images.length === 0 || !(error instanceof CosaError) || error.code !== 'TAG_MOVED') throw error;
    // A build for another platform may have got there meanwhile.
    await tagImages(store, taken, offer, { force });
  }
}
