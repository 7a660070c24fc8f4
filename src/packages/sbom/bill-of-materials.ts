import type { Digest } from '../../lib/digest.ts';
import { formatPackageUrl } from '../package-url.ts';

/** What a container is made of, whatever format it is to be written in. */
export interface BillOfMaterials {
  container: {
    /** The operating system's name. */
    name: string;
    version: string;
    digest: Digest;
    /** As OCI spells it. */
    architecture: string;
  };
  /** RFC 3339, UTC, whole seconds: the container's date, so that the same container has the same document. */
  created: string;
  /** Sorted by name. */
  packages: readonly ListedPackage[];
}

export interface ListedPackage {
  name: string;
  version: string;
  architecture: string;
  /** Name of the source package. */
  source: string;
  /** Hex sha256 of the package file. */
  sha256: string;
  /** https://github.com/package-url/purl-spec */
  packageUrl: string;
}

/** The container as a package: https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
export function containerPackageUrl({ name, digest, architecture }: BillOfMaterials['container']): string {
  return formatPackageUrl({
    type: 'oci',
    name: name.toLowerCase(),
    version: digest,
    qualifiers: { arch: architecture },
  });
}
