import { arch } from 'node:process';
import { usageError } from '../lib/errors.ts';
import type { Platform } from '../oci/types.ts';

/** What OCI, which spells architectures as Go does, calls those whose name differs from the config's. */
const ociNames: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** OCI's name of a base architecture: `amd64` for `x86_64`. */
export function ociArchitecture(basearch: string): string {
  return ociNames[basearch] ?? basearch;
}

/** Node's names of the architectures that operating systems are built for. */
const baseArchitectures: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/**
 * The base architecture of this machine: what is built here is for its like.
 * @throws CosaError `ARCHITECTURE_UNKNOWN` (exit 2)
 */
export function hostBaseArchitecture(): string {
  const basearch = baseArchitectures[arch];
  if (basearch === undefined) {
    throw usageError('ARCHITECTURE_UNKNOWN', `nothing is built for the architecture of this machine, ${arch}`);
  }
  return basearch;
}

/** Which of an index's images is for this machine. */
export function hostPlatform(): Platform {
  return { os: 'linux', architecture: ociArchitecture(hostBaseArchitecture()) };
}
