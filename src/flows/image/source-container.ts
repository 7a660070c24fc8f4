import { labelNames } from '../../contract/labels.ts';
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
  /** As in file names: `x86_64`. */
  architecture: string;
  /** Seconds since the epoch: the commit's. */
  timestamp: number;
}

/** OCI names architectures as Go does. The partition table and the boot loaders are those of x86_64. */
const architectures: Readonly<Record<string, string>> = { amd64: 'x86_64' };

/** bootc's name for the only operating system of a disk. */
const defaultName = 'default';

/**
 * Reads a container's labels.
 * @throws CosaError `ARCHITECTURE_UNSUPPORTED` (exit 4)
 */
export function describeContainer({ descriptor, config }: Image): SourceContainer {
  const labels = config.config?.Labels ?? {};
  const architecture = architectures[config.architecture];
  if (architecture === undefined) {
    throw verificationError(
      'ARCHITECTURE_UNSUPPORTED',
      `the container is for ${config.architecture}; disks can be made for ${Object.keys(architectures).join(', ')}`,
    );
  }
  const created = Math.floor(Date.parse(config.created ?? labels[labelNames.created] ?? '') / 1000);
  return {
    digest: descriptor.digest,
    name: labels[labelNames.osName] ?? defaultName,
    version: labels[labelNames.version] ?? digestHex(descriptor.digest).slice(0, 12),
    architecture,
    timestamp: Number.isSafeInteger(created) && created > 0 ? created : 1,
  };
}
