import { labelNames } from '../../contract/labels.ts';
import type { Digest } from '../../lib/digest.ts';
import { type Image, labelOf, readManifestOrIndex } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Descriptor, Manifest } from '../../oci/types.ts';

/** What a container says of itself in its labels, and what it weighs. Foreign containers lack some of it. */
export interface ContainerSummary {
  digest: Digest;
  version: string | undefined;
  stream: string | undefined;
  /** RFC 3339. */
  created: string | undefined;
  /** As OCI spells it. */
  architecture: string;
  /** Hex checksum of the ostree commit. */
  commit: string | undefined;
  layers: number;
  /** Compressed bytes of all layers. */
  size: number;
}

export function summarize(image: Image): ContainerSummary {
  return {
    digest: image.descriptor.digest,
    version: labelOf(image, labelNames.version),
    stream: labelOf(image, labelNames.stream),
    created: image.config.created,
    architecture: image.config.architecture,
    commit: labelOf(image, labelNames.commit),
    layers: image.manifest.layers.length,
    size: totalSize(image.manifest.layers),
  };
}

/** As {@link summarize}, of what lies somewhere without its config: our manifests have the labels as annotations. */
export function summarizeManifest(
  { digest, platform }: Descriptor,
  { annotations = {}, layers }: Manifest,
): ContainerSummary {
  return {
    digest,
    version: annotations[labelNames.version],
    stream: annotations[labelNames.stream],
    created: annotations[labelNames.created],
    architecture: platform?.architecture ?? 'unknown',
    commit: annotations[labelNames.commit],
    layers: layers.length,
    size: totalSize(layers),
  };
}

/** The version that an image or an index says it has, in its annotations. */
export async function versionOf(reader: ContentReader, descriptor: Descriptor): Promise<string | undefined> {
  return (await readManifestOrIndex(reader, descriptor)).annotations?.[labelNames.version];
}

/** Bytes of some blobs together. */
export function totalSize(blobs: Iterable<{ size: number }>): number {
  let total = 0;
  for (const { size } of blobs) total += size;
  return total;
}

/** Tags by the digest that they point to, sorted. */
export function tagsByDigest(tags: ReadonlyMap<string, { digest: Digest }>): Map<Digest, string[]> {
  const result = new Map<Digest, string[]>();
  for (const [tag, { digest }] of tags) result.set(digest, [...(result.get(digest) ?? []), tag]);
  return result;
}
