import type { Digest } from '../lib/digest.ts';

// The OCI image specification's structures: https://github.com/opencontainers/image-spec/blob/v1.1.0/spec.md

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

export type Annotations = Readonly<Record<string, string>>;

export interface Platform {
  architecture: string;
  os: string;
  variant?: string | undefined;
}

export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
  annotations?: Annotations | undefined;
  artifactType?: string | undefined;
  platform?: Platform | undefined;
}

export interface Manifest {
  schemaVersion: 2;
  mediaType: typeof mediaTypes.manifest;
  artifactType?: string | undefined;
  config: Descriptor;
  layers: readonly Descriptor[];
  subject?: Descriptor | undefined;
  annotations?: Annotations | undefined;
}

export interface Index {
  schemaVersion: 2;
  mediaType: typeof mediaTypes.index;
  artifactType?: string | undefined;
  manifests: readonly Descriptor[];
  subject?: Descriptor | undefined;
  annotations?: Annotations | undefined;
}

interface HistoryEntry {
  created?: string | undefined;
  created_by?: string | undefined;
  empty_layer?: boolean | undefined;
}

/** The image's configuration. Unknown fields of foreign images are kept out of the type on purpose. */
export interface ImageConfig {
  created?: string | undefined;
  architecture: string;
  os: string;
  config?: { Cmd?: readonly string[]; Labels?: Annotations; StopSignal?: string } | undefined;
  rootfs: { type: 'layers'; diff_ids: readonly Digest[] };
  history?: readonly HistoryEntry[] | undefined;
}
