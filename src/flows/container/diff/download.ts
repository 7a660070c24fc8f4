import type { Digest } from '../../../lib/digest.ts';
import { attempt } from '../../../oci/attempt.ts';
import { chooseImage, readImage, readManifest } from '../../../oci/image.ts';
import { hostPlatform } from '../../../oci/platform.ts';
import { layerComponents } from '../../../ostree/encapsulate/image.ts';
import { type Download, downloadBetween, lackedBy, type Manifested } from '../../../workspace/containers/download.ts';
import { type ContainerSummary, summarize, summarizeManifest } from '../../../workspace/containers/summary.ts';
import { resolveReference } from '../../../workspace/resolve-image.ts';
import type { Session } from '../../../workspace/session.ts';

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
