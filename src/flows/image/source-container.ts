import { labelNames } from '../../contract/labels.ts';
import { type ArchitectureName, architectureOfOci, architectures } from '../../lib/architecture.ts';
import type { Digest } from '../../lib/digest.ts';
import { digestHex } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Image } from '../../oci/image.ts';

/** What a disk builder needs to know of a container, besides its content. */
export interface SourceContainer {
  digest: Digest;
  /** The operating system's name. */
  name: string;
  version: string;
  architecture: ArchitectureName;
  /** Seconds since the epoch: the commit's. */
  timestamp: number;
}

/** bootc's name for the only operating system of a disk. */
const defaultName = 'default';

/**
 * Reads a container's labels.
 * @throws CosaError `ARCHITECTURE_UNSUPPORTED` (exit 4)
 */
export function describeContainer({ descriptor, config }: Image): SourceContainer {
  const labels = config.config?.Labels ?? {};
  const architecture = architectureOfOci(config.architecture);
  if (!architecture?.hasDisks) {
    const possible = architectures.filter(({ hasDisks }) => hasDisks).map(({ oci }) => oci);
    throw verificationError(
      'ARCHITECTURE_UNSUPPORTED',
      `the container is for ${config.architecture}; disks can be made for ${possible.join(', ')}`,
    );
  }
  const created = Math.floor(Date.parse(config.created ?? labels[labelNames.created] ?? '') / 1000);
  return {
    digest: descriptor.digest,
    name: labels[labelNames.osName] ?? defaultName,
    version: labels[labelNames.version] ?? digestHex(descriptor.digest).slice(0, 12),
    architecture: architecture.name,
    timestamp: Number.isSafeInteger(created) && created > 0 ? created : 1,
  };
}
