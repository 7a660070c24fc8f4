import { debian } from './distributions/debian.ts';
import type { Distribution } from './distributions/distribution.ts';
import { ubuntu } from './distributions/ubuntu.ts';

/** Every distribution that we know more of than its package manager. The first of a family is what it is taken for if nothing tells. */
export const distributions: readonly Distribution[] = [debian, ubuntu];

/**
 * The distribution of a set of repositories, as their indexes say.
 * @param origins `Origin` of each index
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
