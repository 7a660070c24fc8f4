import { labelNames } from '../../contract/labels.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { compareBytes } from '../../lib/order.ts';
import { platformName } from '../../oci/platform.ts';
import { type Descriptor, mediaTypes, type Platform } from '../../oci/types.ts';

/** A disk image as an index names it. */
export interface IndexedDiskImage {
  /** Of its manifest, with the artifact type. */
  descriptor: Descriptor;
  /** The platform in the operating system's place. */
  platform: Platform;
}

/**
 * The text of an index of a version's disk images, in the order of their platforms: the same images give the same bytes,
 * however they were listed.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
 */
export function diskIndex(images: readonly IndexedDiskImage[], version: string): string {
  const sorted = [...images].sort((a, b) => compareBytes(indexKey(a), indexKey(b)));
  const annotations = { [labelNames.version]: version };
  return canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: sorted.map(({ descriptor: { mediaType, digest, size, artifactType }, platform }) => ({
      mediaType,
      digest,
      size,
      artifactType,
      platform: { os: platform.os, architecture: platform.architecture },
      annotations,
    })),
    annotations,
  });
}

/** What an index has one image of: platform, architecture and format. */
export function indexKey({ descriptor, platform }: IndexedDiskImage): string {
  return `${platformName(platform)} ${descriptor.artifactType}`;
}
