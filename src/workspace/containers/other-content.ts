import { namedDiskImages } from '../../disk/distribution/offered.ts';
import type { Digest } from '../../lib/digest.ts';
import { sortByBytes } from '../../lib/order.ts';
import { attempt } from '../../oci/attempt.ts';
import { readManifest } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { type Descriptor, mediaTypes } from '../../oci/types.ts';

/** Something in a place that is no container image, or cannot be read as one. */
export interface ListedOther {
  /** Sorted. */
  tags: readonly string[];
  /** `undefined` where not even that can be told. */
  digest: Digest | undefined;
  /** What it is, or why it cannot be read, in a few words. */
  what: string;
}

/** Formats that we name and do not read. https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md */
const foreignFormats: Readonly<Record<string, string>> = {
  'application/vnd.docker.distribution.manifest.v2+json': "an image in Docker's own format",
  'application/vnd.docker.distribution.manifest.list.v2+json': "an index in Docker's own format",
  'application/vnd.docker.distribution.manifest.v1+prettyjws': "an image in Docker's format of 2015",
  'application/vnd.docker.distribution.manifest.v1+json': "an image in Docker's format of 2015",
};

/** Names a descriptor that is neither an image's nor an index's, by its media type; `undefined` if it may be an image. */
export function foreignFormat({ mediaType }: Descriptor): string | undefined {
  if (mediaType === mediaTypes.manifest || mediaType === mediaTypes.index) return undefined;
  const format = foreignFormats[mediaType];
  return format === undefined
    ? `something of type ${mediaType}`
    : `${format}: "skopeo copy --format oci" makes one of ours of it`;
}

/**
 * Names an artifact by what its manifest says.
 * @throws CosaError what `readManifest` throws
 */
export async function artifactName(reader: ContentReader, descriptor: Descriptor): Promise<string> {
  const { artifactType, config, layers } = await readManifest(reader, descriptor);
  const isNamed = config.mediaType !== mediaTypes.config && config.mediaType !== mediaTypes.empty;
  return `an artifact of type ${artifactType ?? (isNamed ? config.mediaType : (layers[0]?.mediaType ?? 'unknown'))}`;
}

/** Names an index of disk images by what they are for; nothing for an index without any. */
export async function diskImagesListed(
  reader: ContentReader,
  descriptor: Descriptor,
  tags: readonly string[],
): Promise<ListedOther[]> {
  const { value = [] } = await attempt(() => namedDiskImages(reader, descriptor));
  if (value.length === 0) return [];
  const platforms = sortByBytes(new Set(value.map(({ platform = 'no platform' }) => platform)));
  return [{ tags, digest: descriptor.digest, what: `disk images: ${platforms.join(', ')}` }];
}
