import type { LockedPackage } from '../backend.ts';
import { formatPackageUrl } from '../package-url.ts';

/**
 * A package's URL as scanners look vulnerabilities up by it.
 * @param release of the distribution, `13`
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md
 */
export function debPackageUrl({ name, version, architecture }: LockedPackage, release: string | undefined): string {
  return formatPackageUrl({
    type: 'deb',
    namespace: 'debian',
    name,
    version,
    qualifiers: { arch: architecture, distro: release === undefined ? undefined : `debian-${release}` },
  });
}
