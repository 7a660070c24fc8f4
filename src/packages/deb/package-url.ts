import type { LockedPackage } from '../../contract/lockfile.ts';
import { debian } from '../distributions/debian.ts';
import { formatPackageUrl } from '../package-url.ts';

/**
 * A package's URL as scanners look vulnerabilities up by it.
 * @param distribution the lock's: Debian is what its relatives without a row of their own are taken for
 * @param release of the distribution, `13`
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md
 */
export function debPackageUrl(
  { name, version, architecture }: LockedPackage,
  distribution: string = debian.id,
  release?: string,
): string {
  return formatPackageUrl({
    type: 'deb',
    namespace: distribution,
    name,
    version,
    qualifiers: { arch: architecture, distro: release === undefined ? undefined : `${distribution}-${release}` },
  });
}
