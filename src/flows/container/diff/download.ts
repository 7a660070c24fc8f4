import type { Digest } from '../../../lib/digest.ts';
import { attempt } from '../../../oci/attempt.ts';
import { chooseImage, type Image, readImage, readManifest } from '../../../oci/image.ts';
import { hostPlatform } from '../../../oci/platform.ts';
import type { Descriptor } from '../../../oci/types.ts';
import { layerComponents } from '../../../ostree/encapsulate/image.ts';
import { resolveReference } from '../../../workspace/resolve-image.ts';
import type { Session } from '../../../workspace/session.ts';
import { type ContainerSummary, summarize, summarizeManifest, totalSize } from '../summary.ts';

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
 * What a host downloads for an update. Reads manifests, and configs where they are there.
 * @throws CosaError what `resolveReference`, `chooseImage` and `readManifest` throw
 */
export async function diffDownload(
  session: Session,
  directory: string,
  from: string,
  to: string,
): Promise<DownloadDetails> {
  const [a, b] = await Promise.all([readManifestOf(session, directory, from), readManifestOf(session, directory, to)]);
  const components = layerComponents(b.manifest);
  const lacking = lackedBy(a);
  return {
    from: a.summary,
    to: b.summary,
    ...downloadBetween(a, b),
    newLayers: b.manifest.layers
      .map(({ digest, size }, index) => ({ digest, size, components: components[index] ?? [] }))
      .filter(lacking)
      .sort((x, y) => y.size - x.size),
  };
}

/** What a manifest says of a download. */
type Manifested = Pick<Image, 'descriptor' | 'manifest'>;

async function readManifestOf(
  session: Session,
  directory: string,
  name: string,
): Promise<Manifested & { summary: ContainerSummary }> {
  const { reference } = await resolveReference(session, directory, name);
  const descriptor = await chooseImage(reference.reader, reference.descriptor, hostPlatform());
  const manifest = await readManifest(reference.reader, descriptor);
  const { value: image } = await attempt(() => readImage(reference.reader, descriptor));
  return { descriptor, manifest, summary: image ? summarize(image) : summarizeManifest(descriptor, manifest) };
}

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

function lackedBy(image: Manifested): (blob: { digest: Digest }) => boolean {
  const known = new Set(blobsOf(image).map(({ digest }) => digest));
  return ({ digest }) => !known.has(digest);
}

function blobsOf({ descriptor, manifest }: Manifested): Descriptor[] {
  return [descriptor, manifest.config, ...manifest.layers];
}
