import type { Digest } from '../../lib/digest.ts';
import type { Image } from '../../oci/image.ts';
import type { Descriptor } from '../../oci/types.ts';
import { totalSize } from './summary.ts';

/** What a host that has one container lacks of another. Sizes are in bytes. */
export interface Download {
  layers: { kept: number; added: number; removed: number };
  /** Manifest, config and new layers. */
  download: number;
}

/** What a manifest says of a download. */
export type Manifested = Pick<Image, 'descriptor' | 'manifest'>;

/** What a host with the first container lacks of the second. */
export function downloadBetween(from: Manifested, to: Manifested): Download {
  const isNew = lackedBy(from);
  return {
    layers: {
      kept: to.manifest.layers.filter((layer) => !isNew(layer)).length,
      added: to.manifest.layers.filter(isNew).length,
      removed: from.manifest.layers.filter(lackedBy(to)).length,
    },
    download: totalSize(blobsOf(to).filter(isNew)),
  };
}

/** Whether a host that has an image lacks a blob. */
export function lackedBy(image: Manifested): (blob: { digest: Digest }) => boolean {
  const known = new Set(blobsOf(image).map(({ digest }) => digest));
  return ({ digest }) => !known.has(digest);
}

function blobsOf({ descriptor, manifest }: Manifested): Descriptor[] {
  return [descriptor, manifest.config, ...manifest.layers];
}
