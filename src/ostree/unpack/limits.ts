import { verificationError } from '../../lib/errors.ts';
import type { Descriptor } from '../../oci/types.ts';

/** Bounds on what an image of unknown origin may cost us. */
export interface UnpackLimits {
  /** Bytes of all content objects together. */
  contentBytes: number;
  /** Entries of one layer: their names are held in memory. */
  entries: number;
  /** Files and directories of the tree: whoever lists it holds their paths in memory. */
  paths: number;
  /** Names that are passed on the way to the entries of all ordinary layers: a link can make a long way of a short path. */
  steps: number;
}

/** Far above any operating system, far below what fills a disk of the usual size. */
export const defaultLimits: UnpackLimits = {
  contentBytes: 64 * 1024 ** 3,
  entries: 3_000_000,
  paths: 1_000_000,
  // Thirty for each of as many entries as there may be: seconds of work, and not hours.
  steps: 100_000_000,
};

/** What is kept of any layer while it is read, however small it is. */
const anyKeptBytes = 64 * 1024 * 1024;
/** What one kept string or object costs besides its bytes. */
const keptOverhead = 64;

/**
 * Counts what is kept in memory of a layer: names and xattrs. A few hundred kilobytes of blob can stand for hundreds of
 * megabytes of them, so that what may be kept grows with the blob.
 */
export function keptBytes(layer: Descriptor): (bytes: number) => void {
  const maximum = anyKeptBytes + layer.size;
  let kept = 0;
  return (bytes) => {
    kept += bytes + keptOverhead;
    if (kept <= maximum) return;
    throw verificationError(
      'LAYER_TOO_LARGE',
      `layer ${layer.digest} (${layer.size} bytes) has more than ${maximum} bytes of names and xattrs`,
      { hint: 'no tool that builds images writes so many: do not trust the image' },
    );
  };
}

/** No tree of real files compresses better than this; a little of it may, such as a sparse log. */
const highestRatio = 100;
const anyLayerBytes = 256 * 1024 * 1024;

/** What a layer may expand to: 10 GB of zeros compress to less than a megabyte. */
export function maximumLayerBytes(layer: Descriptor, limits: UnpackLimits): number {
  // The skeleton, headers and hard links come on top of the content.
  return Math.min(anyLayerBytes + layer.size * highestRatio, limits.contentBytes + anyLayerBytes);
}
