import type { Platform } from '../oci/types.ts';
import { hostBaseArchitecture } from './open-config.ts';

/** What OCI, which spells architectures as Go does, calls those whose name differs from the config's. */
const ociNames: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** OCI's name of a base architecture: `amd64` for `x86_64`. */
export function ociArchitecture(basearch: string): string {
  return ociNames[basearch] ?? basearch;
}

/** Which of an index's images is for this machine. */
export function hostPlatform(): Platform {
  return { os: 'linux', architecture: ociArchitecture(hostBaseArchitecture()) };
}
