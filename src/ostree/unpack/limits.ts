import type { Descriptor } from '../../oci/types.ts';

/** Bounds on what an image of unknown origin may cost us. */
export interface UnpackLimits {
  /** Bytes of all content objects together. */
  contentBytes: number;
  /** Entries of all layers together. */
  entries: number;
}

/** Far above any operating system, far below what fills a disk of the usual size. */
export const defaultLimits: UnpackLimits = { contentBytes: 64 * 1024 ** 3, entries: 10_000_000 };

/** No tree of real files compresses better than this; a little of it may, such as a sparse log. */
const highestRatio = 100;
const anyLayerBytes = 256 * 1024 * 1024;

/** What a layer may expand to: 10 GB of zeros compress to less than a megabyte. */
export function maximumLayerBytes(layer: Descriptor, limits: UnpackLimits): number {
  // The skeleton, headers and hard links come on top of the content.
  return Math.min(anyLayerBytes + layer.size * highestRatio, limits.contentBytes + anyLayerBytes);
}
