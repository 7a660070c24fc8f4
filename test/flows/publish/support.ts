import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Annotations, Descriptor } from '../../../src/oci/types.ts';
import { type WorkDirectory, workDirectoryAt, writeSettings } from '../../../src/workspace/work-directory.ts';
import { storeImage } from '../../helpers/image.ts';

/** A work directory without builds, removed in the end. */
export interface WorkScene extends AsyncDisposable {
  work: WorkDirectory;
  /** A directory beside it, which does not exist yet. */
  outside: string;
}

export async function openWorkScene(settings: { stream?: string } = {}): Promise<WorkScene> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-publish-'));
  const all = { config: { source: '/config' }, ...settings };
  const root = join(directory, 'work');
  await writeSettings(root, all);
  return {
    work: workDirectoryAt(root, all),
    outside: join(directory, 'outside'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** What an operating system's container says of itself. */
export function systemLabels(version: string, labels: Annotations = {}): Annotations {
  return {
    'containers.bootc': '1',
    'ostree.commit': 'c0'.repeat(32),
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
    'org.opencontainers.image.source': 'https://git.example.com/config.git',
    'org.opencontainers.image.revision': `${'ab'.repeat(20)}-dirty`,
    'com.coreos.osname': 'debian-coreos',
    'com.coreos.stream': 'stable',
    ...labels,
  };
}

/** An operating system's container in a layout, with these tags; its version and stream's candidate unless given. */
export async function storeSystem(
  layout: string,
  version: string,
  {
    labels = {},
    tags,
    layers = [version],
  }: { labels?: Annotations; tags?: readonly string[]; layers?: readonly string[] } = {},
): Promise<Descriptor> {
  await using store = await openLayoutForWriting(layout);
  const contents = layers.map((layer) => Buffer.from(layer));
  const image = await storeImage(store, contents, systemLabels(version, labels));
  await store.setTags(tags ?? [version, 'stable-candidate'], image);
  return image;
}
