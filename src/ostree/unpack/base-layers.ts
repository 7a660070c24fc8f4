import { labelNames } from '../../contract/labels.ts';
import type { Digest } from '../../lib/digest.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import type { Image } from '../../oci/image.ts';
import type { Descriptor } from '../../oci/types.ts';

/** A layer of the base operating system. */
export interface BaseLayer {
  descriptor: Descriptor;
  /** Digest of the uncompressed tar stream. */
  diffId: Digest;
}

export interface OstreeImage {
  /** The commit's checksum, as the label says. */
  commit: string;
  layers: readonly BaseLayer[];
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
 * The part of an image that is an ostree commit.
 * @throws CosaError `NOT_OSTREE` (exit 4) for an ordinary container, `IMAGE_DERIVED` (exit 1) for one with layers
 *   on top of the operating system's
 */
export function ostreeImage({ config, manifest, descriptor }: Image): OstreeImage {
  const labels = config.config?.Labels ?? {};
  const commit = labels[labelNames.commit];
  if (commit === undefined) {
    throw verificationError(
      'NOT_OSTREE',
      `${descriptor.digest} is not an ostree container: it has no label "ostree.commit"`,
      {
        hint: 'name a container that "cosa ostree build" or rpm-ostree made',
      },
    );
  }
  if (!/^[0-9a-f]{64}$/.test(commit)) {
    throw verificationError('NOT_OSTREE', `${descriptor.digest}: its label "ostree.commit" is not a checksum`);
  }
  const diffIds = config.rootfs.diff_ids;
  const final = labels[labelNames.finalDiffId];
  const count = final === undefined ? diffIds.length : diffIds.indexOf(final as Digest) + 1;
  if (count === 0) {
    throw verificationError(
      'NOT_OSTREE',
      `${descriptor.digest}: its label "ostree.final-diffid" names no layer that it has: ${final}`,
    );
  }
  if (count < diffIds.length) {
    throw new CosaError(
      'IMAGE_DERIVED',
      `${descriptor.digest} has ${diffIds.length - count} layers on top of its operating system's ${count}: such derived images are not supported`,
      { hint: 'put the changes into the config (overlays, packages) and build the base again' },
    );
  }
  const layers = manifest.layers.map((layer, index) => ({ descriptor: layer, diffId: diffIds[index] as Digest }));
  return { commit, layers };
}
