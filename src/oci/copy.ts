import type { Reporter } from '../lib/reporter.ts';
import { type Image, readImage } from './image.ts';
import { maximumManifestBytes } from './schemas.ts';
import type { ContentReader, ContentStore } from './store.ts';
import type { Descriptor } from './types.ts';
import { readSmallBlob } from './verified.ts';

/**
 * Copies an image, bytes and digests unchanged: blobs that are there already are not read, and the manifest comes
 * last. Sets no tag. Doing it again is cheap; a copy that was stopped leaves only blobs that nothing refers to.
 * @param descriptor of a manifest, or of an index with one image
 * @throws CosaError what {@link readImage} and `readBlob` throw
 */
export async function copyImage(
  from: ContentReader,
  descriptor: Descriptor,
  to: ContentStore,
  reporter: Reporter,
): Promise<Image> {
  const image = await readImage(from, descriptor);
  const blobs = [image.manifest.config, ...image.manifest.layers];
  const total = blobs.reduce((sum, blob) => sum + blob.size, 0);
  let done = 0;
  for (const blob of blobs) {
    if (!(await to.hasBlob(blob.digest))) {
      const open = (signal?: AbortSignal) => from.readBlob(blob, signal);
      await to.putBlob({ descriptor: blob, open }, { signal: reporter.signal });
    }
    done += blob.size;
    reporter.progress(done, total, 'bytes');
  }
  const content = await readSmallBlob(from, image.descriptor, maximumManifestBytes);
  await to.putManifest(content.toString(), image.descriptor.mediaType);
  return image;
}
