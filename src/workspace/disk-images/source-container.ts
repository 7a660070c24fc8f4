import { labelNames } from '../../contract/labels.ts';
import type { DiskContainer } from '../../disk/base-disk/types.ts';
import { architectureOfOci, architectures } from '../../lib/architecture.ts';
import { digestHex } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { createdAt, type Image } from '../../oci/image.ts';
import type { OpenedReference } from '../../oci/open.ts';

/** bootc's name for the only operating system of a disk. */
const defaultName = 'default';

/**
 * What machines of a disk follow for their updates, unless the container itself says it: the tag that it was found under.
 * @returns as bootc and rpm-ostree write it; undefined for a container of a layout or archive, and for one named by its digest
 */
export function followedReference({
  place,
  selector,
}: Pick<OpenedReference, 'place' | 'selector'>): string | undefined {
  const tag = selector.tag ?? (selector.digest === undefined ? place.defaultTag : undefined);
  const name = place.imageName?.({ tag });
  return tag === undefined || name === undefined ? undefined : `ostree-unverified-registry:${name.repository}:${tag}`;
}

/**
 * Reads a container's labels.
 * @param followed see {@link followedReference}
 * @throws CosaError `ARCHITECTURE_UNSUPPORTED` (exit 4)
 */
export function describeContainer({ descriptor, config }: Image, followed?: string): DiskContainer {
  const labels = config.config?.Labels ?? {};
  const architecture = architectureOfOci(config.architecture);
  if (!architecture?.hasDisks) {
    const possible = architectures.filter(({ hasDisks }) => hasDisks).map(({ oci }) => oci);
    throw verificationError(
      'ARCHITECTURE_UNSUPPORTED',
      `the container is for ${config.architecture}; disks can be made for ${possible.join(', ')}`,
    );
  }
  return {
    digest: descriptor.digest,
    name: labels[labelNames.osName] ?? defaultName,
    version: labels[labelNames.version] ?? digestHex(descriptor.digest).slice(0, 12),
    architecture: architecture.name,
    timestamp: createdAt({ config }),
    ...(followed === undefined ? {} : { followed }),
  };
}
