import { start } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { canonicalJson, type Json } from '../../src/lib/canonical-json.ts';
import { digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import type { ContentStore } from '../../src/oci/store.ts';
import { type Annotations, type Descriptor, mediaTypes } from '../../src/oci/types.ts';

/** Stores an image with these uncompressed layers and returns its manifest's descriptor; sets no tag. */
export async function storeImage(
  store: ContentStore,
  layers: readonly Uint8Array[],
  labels: Annotations = {},
  architecture = 'amd64',
): Promise<Descriptor> {
  const descriptors: Descriptor[] = [];
  for (const layer of layers) descriptors.push(await storeBytes(store, layer, mediaTypes.layer));
  return storeImageOf(store, descriptors, layers.map(digestOf), labels, architecture);
}

/** As {@link storeImage}, of layers that are stored already. */
export async function storeImageOf(
  store: ContentStore,
  layers: readonly Descriptor[],
  diffIds: readonly string[],
  labels: Annotations = {},
  architecture = 'amd64',
): Promise<Descriptor> {
  const config = canonicalJson({
    architecture,
    os: 'linux',
    config: { Labels: labels },
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const manifest = canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: await storeBytes(store, Buffer.from(config), mediaTypes.config),
    layers,
    annotations: labels,
  } as unknown as Json);
  return store.putManifest(manifest, mediaTypes.manifest);
}

/** All bytes of a stream. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const zstd: Tool = {
  name: 'zstd',
  packages: { deb: 'zstd', rpm: 'zstd' },
  purpose: 'compresses what tests read',
};

/** One zstd frame of these bytes. */
export async function zstdOf(bytes: Buffer): Promise<Buffer> {
  const program = await start(zstd, ['--stdout', '--quiet']);
  program.stdin.end(bytes);
  const compressed = await collect(program.stdout);
  await program.done;
  return compressed;
}
