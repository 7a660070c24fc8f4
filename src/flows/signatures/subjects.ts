import { maximumManifestBytes, parseIndex } from '../../oci/schemas.ts';
import type { ContentReader } from '../../oci/store.ts';
import { type Descriptor, mediaTypes } from '../../oci/types.ts';
import { readSmallBlob } from '../../oci/verified.ts';

/**
 * What has to be signed for a reference: the manifest; of an index also that of each image, because policies look at
 * the image that will run.
 * @returns the images, and the index if there is one
 * @throws CosaError `INDEX_INVALID`, `BLOB_TOO_LARGE` (exit 4), what the reader throws
 */
export async function signatureSubjects(
  reader: ContentReader,
  descriptor: Descriptor,
): Promise<{ index: Descriptor | undefined; images: readonly Descriptor[] }> {
  if (descriptor.mediaType !== mediaTypes.index) return { index: undefined, images: [descriptor] };
  const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
  const { manifests } = parseIndex(bytes.toString(), `index ${descriptor.digest}`);
  return { index: descriptor, images: manifests.filter(({ mediaType }) => mediaType === mediaTypes.manifest) };
}
