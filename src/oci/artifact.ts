import { labelNames } from '../contract/labels.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { digestOf } from '../lib/digest.ts';
import type { ContentWriter } from './store.ts';
import { type Annotations, type Descriptor, type Manifest, mediaTypes } from './types.ts';

/** A document about a container: a test result, a signature, a list of its parts. */
export interface Artifact {
  artifactType: string;
  /** The name of the file that tools such as oras make of it; they make none unless given. */
  title?: string;
  /** The document. */
  content: Uint8Array;
  /** The document's; the artifact type unless given. */
  mediaType?: string;
  annotations?: Annotations;
}

/**
 * Stores a document beside what it is about as a referrer: an artifact manifest whose only layer is the document.
 * The same document twice is stored once.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md#guidelines-for-artifact-usage
 * @param subject of the manifest that it is about
 * @returns the artifact manifest's descriptor
 */
export async function attachArtifact(
  store: ContentWriter,
  subject: Descriptor,
  artifact: Artifact,
): Promise<Descriptor> {
  const { artifactType, title, content, mediaType = artifactType, annotations = {} } = artifact;
  const config = await storeBytes(store, Buffer.from('{}'), mediaTypes.empty);
  const layer = {
    ...(await storeBytes(store, content, mediaType)),
    ...(title === undefined ? {} : { annotations: { [labelNames.title]: title } }),
  };
  const manifest = canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config,
    layers: [layer],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  });
  return store.putManifest(manifest, mediaTypes.manifest, { artifactType, annotations });
}

/** Stores bytes that are in memory as a blob. */
export async function storeBytes(store: ContentWriter, bytes: Uint8Array, mediaType: string) {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  await store.putBlob({
    descriptor,
    open: async function* () {
      yield Buffer.from(bytes);
    },
  });
  return descriptor;
}

/** Types that say nothing: writers of lists put in the config's, which is empty or an image's for most artifacts. */
const silentTypes: readonly string[] = [
  mediaTypes.empty,
  mediaTypes.config,
  'application/vnd.docker.container.image.v1+json',
];

/** True if a list's entry says itself what it is; else its manifest does. */
export function hasTellingType({ artifactType }: Pick<Descriptor, 'artifactType'>): boolean {
  return artifactType !== undefined && !silentTypes.includes(artifactType);
}

/**
 * What a manifest is, by its own word.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 */
export function artifactTypeOf(manifest: {
  artifactType?: string | undefined;
  config?: Pick<Manifest['config'], 'mediaType'>;
}) {
  return manifest.artifactType ?? manifest.config?.mediaType;
}
