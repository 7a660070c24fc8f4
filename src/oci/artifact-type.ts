import { type Descriptor, type Manifest, mediaTypes } from './types.ts';

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
