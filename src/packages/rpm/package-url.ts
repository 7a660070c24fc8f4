import type { LockedPackage } from '../../contract/lockfile.ts';
import { fedora } from '../distributions/fedora.ts';
import { formatPackageUrl } from '../package-url.ts';
import { parseEvr } from './version.ts';

/**
 * A package's URL as scanners look vulnerabilities up by it. The epoch is a qualifier, as the specification wants it.
 * @param distribution the lock's: Fedora is what its relatives without a row of their own are taken for
 * @param release of the distribution, `42`
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/rpm-definition.md
 */
export function rpmPackageUrl(
  { name, version, architecture, source }: LockedPackage,
  distribution: string = fedora.id,
  release?: string,
): string {
  const evr = parseEvr(version);
  return formatPackageUrl({
    type: 'rpm',
    namespace: distribution,
    name,
    version: evr.release === undefined ? evr.version : `${evr.version}-${evr.release}`,
    qualifiers: {
      arch: architecture,
      distro: release === undefined ? undefined : `${distribution}-${release}`,
      epoch: /^0*$/.test(evr.epoch) ? undefined : evr.epoch,
      upstream: source === name ? undefined : source,
    },
  });
}
