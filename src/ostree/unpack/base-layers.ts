import { labelNames } from '../../contract/labels.ts';
import type { Digest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { type Image, labelOf } from '../../oci/image.ts';
import type { Descriptor } from '../../oci/types.ts';

/** A layer of an image, as it can be read and verified. */
export interface BaseLayer {
  descriptor: Descriptor;
  /** Digest of the uncompressed tar stream. */
  diffId: Digest;
}

/** An ostree commit, and the layers that hold its objects. */
export interface OstreeLayers {
  /** The commit's checksum, as the label says. */
  commit: string;
  layers: readonly BaseLayer[];
}

/** An image's layers by what they hold. */
export interface ImageParts {
  /** What a tool that knows ostree has written; undefined for an ordinary container. */
  ostree: OstreeLayers | undefined;
  /** Ordinary layers on top of that, or all of an ordinary container's: files, and whiteouts of files below. */
  ordinary: readonly BaseLayer[];
}

/**
 * The operating system that an image is derived from, as an image: without the layers that others have put on top.
 * @returns the image itself and 0 if there are none, or if its labels do not tell
 */
export function operatingSystemOf(image: Image): { base: Image; added: number } {
  const { config, manifest } = image;
  const diffIds = config.rootfs.diff_ids;
  const final = config.config?.Labels?.[labelNames.finalDiffId];
  const count = final === undefined ? 0 : diffIds.indexOf(final as Digest) + 1;
  if (count === 0 || count === diffIds.length) return { base: image, added: 0 };
  const base: Image = {
    ...image,
    config: { ...config, rootfs: { ...config.rootfs, diff_ids: diffIds.slice(0, count) } },
    manifest: { ...manifest, layers: manifest.layers.slice(0, count) },
  };
  return { base, added: diffIds.length - count };
}

/**
 * Splits an image where its ostree commit ends. One whose labels name a commit and a last layer that it does not have was
 * put together anew of a derived one, in a single layer as a rule: all of its layers are ordinary.
 * @throws CosaError `NOT_OSTREE` (exit 4) for a commit that is no checksum
 */
export function partsOfImage(image: Image): ImageParts {
  const { config, manifest, descriptor } = image;
  const diffIds = config.rootfs.diff_ids;
  const layers = manifest.layers.map((layer, index) => ({ descriptor: layer, diffId: diffIds[index] as Digest }));
  const commit = labelOf(image, labelNames.commit);
  if (commit === undefined) return { ostree: undefined, ordinary: layers };
  if (!/^[0-9a-f]{64}$/.test(commit)) {
    throw verificationError('NOT_OSTREE', `${descriptor.digest}: its label "ostree.commit" is not a checksum`);
  }
  const final = labelOf(image, labelNames.finalDiffId);
  const count = final === undefined ? diffIds.length : diffIds.indexOf(final as Digest) + 1;
  if (count === 0) return { ostree: undefined, ordinary: layers };
  return { ostree: { commit, layers: layers.slice(0, count) }, ordinary: layers.slice(count) };
}
