import { labelNames } from '../../contract/labels.ts';
import type { DiskContainer } from '../../disk/base-disk/types.ts';
import { architectureOfOci, architectures } from '../../lib/architecture.ts';
import { digestHex } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { createdAt, type Image } from '../../oci/image.ts';

/** bootc's name for the only operating system of a disk. */
const defaultName = 'default';

/**
 * Reads a container's labels.
 * @throws CosaError `ARCHITECTURE_UNSUPPORTED` (exit 4)
 */
export function describeContainer({ descriptor, config }: Image): DiskContainer {
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
  };
}
