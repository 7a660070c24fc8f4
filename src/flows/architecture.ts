/** What OCI, which spells architectures as Go does, calls those whose name differs from the config's. */
const ociNames: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** OCI's name of a base architecture: `amd64` for `x86_64`. */
export function ociArchitecture(basearch: string): string {
  return ociNames[basearch] ?? basearch;
}
