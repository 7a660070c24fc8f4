import type { CompressionAlgorithm } from '../../lib/compress/algorithms.ts';
import type { LocalStore } from '../../oci/store.ts';
import type { Annotations, Descriptor, ImageConfig, Manifest } from '../../oci/types.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type { Tree } from '../tree.ts';
import type { MetadataObject } from '../types.ts';

/** What goes into one component layer. */
export interface LayerContent {
  /** Names for `ostree.components`: packages, or the names of parts that the build generates. Sorted. */
  components: readonly string[];
  /** Absolute paths of files and symbolic links of the tree, in any order. A path stands in one layer alone. */
  paths: readonly string[];
}

/** A layer's blob that exists already. */
export interface StoredLayer {
  /** Media type, digest and size; no annotations. */
  descriptor: Descriptor;
  /** Digest of the uncompressed tar stream. */
  diffId: Descriptor['digest'];
}

/** Where layers are found that were written before; see {@link layerReuse} in reuse.ts. */
export interface LayerReuse {
  /** The layer with this content key, if it need not be written. */
  find(contentKey: string, signal: AbortSignal): Promise<StoredLayer | undefined>;
  /**
   * Keeps a layer that was just written for the next build.
   * @returns the layer that the image is to have: what hosts have already, where that has the same content
   */
  settle(contentKey: string, written: StoredLayer, signal: AbortSignal): Promise<SettledLayer>;
}

export interface SettledLayer {
  layer: StoredLayer;
  /** True if hosts that run the previous image have it. */
  reused: boolean;
}

export interface EncapsulateOptions {
  /** The directory that was scanned; content is read from there. */
  root: string;
  tree: Tree;
  commit: MetadataObject;
  /** Seconds since the epoch: the commit's timestamp, which becomes the image's `created`. */
  timestamp: number;
  /** The component layers in their order; paths that none of them names go into layer 0. */
  layers: readonly LayerContent[];
  /** As OCI spells it: `amd64`, `arm64`. */
  architecture: string;
  /** What a container runtime starts; `/sbin/init` unless given. */
  command?: readonly string[] | undefined;
  compression: CompressionAlgorithm;
  /** Config labels and manifest annotations; `ostree.commit` and `ostree.final-diffid` are added. */
  labels: Annotations;
  store: LocalStore;
  reuse: LayerReuse;
  reporter: Reporter;
}

/** A layer of the finished image. */
export interface EncapsulatedLayer extends StoredLayer {
  /** As in {@link LayerContent}; empty for layer 0. */
  components: readonly string[];
  /** True if the blob was there before: here, or in the previous image. */
  reused: boolean;
}

export interface EncapsulatedImage {
  /** The manifest's descriptor. It is stored, but no tag points to it yet. */
  descriptor: Descriptor;
  manifest: Manifest;
  config: ImageConfig;
  /** Layer 0 first. */
  layers: readonly EncapsulatedLayer[];
}
