import type { Digest } from '../../lib/digest.ts';
import type { Image } from '../../oci/image.ts';
import type { Descriptor } from '../../oci/types.ts';
import { layerComponents } from '../../ostree/encapsulate/image.ts';
import { resolveImage } from '../resolve-image.ts';
import type { Session } from '../session.ts';
import { type ContainerSummary, summarize, totalSize } from './summary.ts';

/** What a host that has one container lacks of another. Sizes are in bytes. */
export interface Download {
  layers: { kept: number; added: number; removed: number };
  /** Manifest, config and new layers. */
  download: number;
}

export interface DownloadDetails extends Download {
  from: ContainerSummary;
  to: ContainerSummary;
  /** The new layers, largest first, with the names of what is in them; none for the layer of the file system's tree. */
  newLayers: readonly { digest: Digest; size: number; components: readonly string[] }[];
}

/**
 * What a host downloads for an update. Reads manifests and configs alone.
 * @throws CosaError what `resolveImage` throws
 */
export async function diffDownload(
  session: Session,
  directory: string,
  from: string,
  to: string,
): Promise<DownloadDetails> {
  const [a, b] = await Promise.all([resolveImage(session, directory, from), resolveImage(session, directory, to)]);
  const components = layerComponents(b.image.manifest);
  const lacking = lackedBy(a.image);
  return {
    from: summarize(a.image),
    to: summarize(b.image),
    ...downloadBetween(a.image, b.image),
    newLayers: b.image.manifest.layers
      .map(({ digest, size }, index) => ({ digest, size, components: components[index] ?? [] }))
      .filter(lacking)
      .sort((x, y) => y.size - x.size),
  };
}

/** What a host with the first container lacks of the second. */
export function downloadBetween(from: Image, to: Image): Download {
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

function lackedBy(image: Image): (blob: { digest: Digest }) => boolean {
  const known = new Set(blobsOf(image).map(({ digest }) => digest));
  return ({ digest }) => !known.has(digest);
}

function blobsOf({ descriptor, manifest }: Image): Descriptor[] {
  return [descriptor, manifest.config, ...manifest.layers];
}
