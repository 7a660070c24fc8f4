import { formatLockfile } from '../../src/contract/lockfile.ts';
import { digestOf } from '../../src/lib/digest.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import type { Labels } from '../../src/ostree/labels.ts';
import { storeImage } from './image.ts';
import { contentEntries, metadataEntries, sampleCommit, tarOf } from './ostree-layers.ts';

/** What a build of a test is made of. */
export interface OsBuild {
  version: string;
  packages?: Readonly<Record<string, string>>;
  files?: Readonly<Record<string, string>>;
  labels?: Readonly<Record<string, string>>;
  /** Of its files. */
  fileLabels?: Labels;
  /** Layers that somebody has put on top, and what the result says of itself besides. */
  derived?: { layers: readonly Buffer[]; labels: Readonly<Record<string, string>> };
}

/** A container as `cosa ostree build` leaves it: tagged with its version and as the stream's candidate. */
export async function storeOsBuild(
  layout: string,
  { version, packages = {}, files = {}, derived, labels = {}, fileLabels }: OsBuild,
): Promise<Descriptor> {
  const lockfile = formatLockfile({
    family: 'deb',
    basearch: 'x86_64',
    repositoryTimestamp: 0,
    packages: Object.entries(packages).map(([name, packageVersion]) => ({
      name,
      version: packageVersion,
      architecture: 'amd64',
      source: name,
      sha256: '0'.repeat(64),
      size: 1,
      repository: 'debian',
      path: `pool/${name}.deb`,
    })),
  });
  const sample = sampleCommit(
    [
      { path: '/usr/share/coreos-assembler/manifest-lock.x86_64.json', content: lockfile },
      ...Object.entries(files).map(([path, content]) => ({ path, content })),
    ],
    fileLabels,
  );
  const [lock, ...others] = sample.objects.map(contentEntries);
  const layers = [tarOf(metadataEntries(sample)), tarOf(lock ?? []), ...others.map(tarOf)];
  await using store = await openLayoutForWriting(layout);
  const image = await storeImage(store, [...layers, ...(derived?.layers ?? [])], {
    'ostree.commit': sample.commit.checksum,
    'ostree.final-diffid': digestOf(layers.at(-1) ?? ''),
    ...derived?.labels,
    'org.opencontainers.image.version': version,
    'com.coreos.stream': 'stable',
    ...labels,
  });
  await store.setTags([version, 'stable-candidate'], image);
  return image;
}
