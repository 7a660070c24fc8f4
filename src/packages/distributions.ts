import { almalinux } from './distributions/almalinux.ts';
import { centos } from './distributions/centos.ts';
import { debian } from './distributions/debian.ts';
import type { Distribution } from './distributions/distribution.ts';
import { fedora } from './distributions/fedora.ts';
import { opensuse } from './distributions/opensuse.ts';
import { rhel } from './distributions/rhel.ts';
import { rocky } from './distributions/rocky.ts';
import { ubuntu } from './distributions/ubuntu.ts';

/** Every distribution that we know more of than its package manager. The first of a family is what it is taken for if nothing tells. */
export const distributions: readonly Distribution[] = [
  debian,
  ubuntu,
  fedora,
  centos,
  rhel,
  rocky,
  almalinux,
  opensuse,
];

/**
 * The distribution of a set of repositories, as they say themselves.
 * @param origins `Origin` of each index, or the vendors of packages
 * @returns `undefined` if none or more than one is known among them: a vendor's repository beside a distribution's is no second one
 */
export function distributionOf(origins: Iterable<string>): Distribution | undefined {
  const all = new Set(origins);
  const [first, second] = distributions.filter(({ origin }) => all.has(origin));
  return second === undefined ? first : undefined;
}

/** The package that holds a repository's key which is missing, if that is a distribution's own. */
export function keyringPackage(path: string): string | undefined {
  return distributions.find(({ keyring }) => path.startsWith(keyring.prefix))?.keyring.package;
}
