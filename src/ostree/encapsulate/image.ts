import { labelNames, layerAnnotations } from '../../contract/labels.ts';
import type { Json } from '../../lib/canonical-json.ts';
import type { Digest } from '../../lib/digest.ts';
import { type Annotations, type Descriptor, type ImageConfig, type Manifest, mediaTypes } from '../../oci/types.ts';
import type { EncapsulatedLayer } from './types.ts';

/** What is in each layer of an image, by `ostree.components`; layer 0 and foreign layers have nothing there. */
export function layerComponents(manifest: Manifest): string[][] {
  return manifest.layers.map(({ annotations }) => annotations?.[layerAnnotations.components]?.split(',') ?? []);
}

export interface ImageInputs {
  /** Layer 0 first; descriptors with their annotations. */
  layers: readonly EncapsulatedLayer[];
  architecture: string;
  /** `/sbin/init` unless given. */
  command?: readonly string[] | undefined;
  labels: Annotations;
  /** Seconds since the epoch. */
  timestamp: number;
}

/** The labels that only the finished layers know. */
export function ostreeLabels(commit: string, layers: readonly { diffId: Digest }[]): Annotations {
  return { [labelNames.commit]: commit, [labelNames.finalDiffId]: layers.at(-1)?.diffId ?? '' };
}

/** The image's configuration: https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md */
export function imageConfig({ layers, architecture, labels, timestamp, command }: ImageInputs): ImageConfig {
  const created = new Date(timestamp * 1000).toISOString().replace('.000Z', 'Z');
  return {
    architecture,
    os: 'linux',
    created,
    // systemd shuts down cleanly on this signal, not on SIGTERM.
    config: { Cmd: command ?? ['/sbin/init'], StopSignal: 'SIGRTMIN+3', Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ components }) => ({ created, created_by: createdBy(components) })),
  };
}

/** The image's manifest: https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md */
export function imageManifest(config: Descriptor, { layers, labels }: ImageInputs): Manifest {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: labels,
  };
}

/** Types of OCI structures are interfaces, which TypeScript does not take for {@link Json} though they are nothing else. */
export function asJson(structure: ImageConfig | Manifest): Json {
  return structure as unknown as Json;
}

/** What a person reads in a layer's history: one package, "a and b", "a, b and c", or how many. */
function createdBy(components: readonly string[]): string {
  if (components.length === 0) return 'ostree commit';
  if (components.length > 4) return `${components.length} components`;
  const others = components.slice(0, -1).join(', ');
  return [others, components.at(-1)].filter((part) => part !== '').join(' and ');
}
