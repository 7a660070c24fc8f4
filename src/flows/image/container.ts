import type { Digest } from '../../lib/digest.ts';
import { digestHex } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Image } from '../../oci/image.ts';
import type { Annotations } from '../../oci/types.ts';
import { labelNames } from '../build/labels.ts';

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
 * @throws CosaError `ARCHITECTURE_UNSUPPORTED`, `LABEL_INVALID` (exit 4) for a name or version that cannot name a file
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
    name: fileName(labels, labelNames.osName) ?? defaultName,
    version: fileName(labels, labelNames.version) ?? digestHex(descriptor.digest).slice(0, 12),
    architecture,
    timestamp: Number.isSafeInteger(created) && created > 0 ? created : 1,
  };
}

/** A label that becomes the name of a file or directory: one that led elsewhere would have us write and remove there. */
function fileName(labels: Annotations, label: string): string | undefined {
  const value = labels[label];
  if (value === undefined || /^(?!\.)[\p{L}\p{N}._+:~^-]{1,128}$/u.test(value)) return value;
  throw verificationError(
    'LABEL_INVALID',
    `the container's label ${label} is ${JSON.stringify(value)}, which cannot be the name of a file`,
    {
      hint: 'letters, digits and ".", "_", "+", ":", "~", "^", "-" can, at most 128: build the container with another',
    },
  );
}
