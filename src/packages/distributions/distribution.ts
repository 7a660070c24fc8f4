import type { PackageFamily } from '../../contract/lockfile.ts';

/** A distribution: what is its own where many share a package manager. A new one is a file beside this one and a line in the list. */
export interface Distribution {
  /** As os-release's ID and the namespace of package URLs have it. */
  readonly id: string;
  readonly title: string;
  readonly family: PackageFamily;
  /** `Origin` of its repositories' signed indexes (deb), or what its packages name as their vendor (rpm). */
  readonly origin: string;
  /** The package that holds its repositories' public keys, and where it puts them. */
  readonly keyring: { readonly package: string; readonly prefix: string };
  /** Archives that a repository file may name by a variable, `${mirror}`: the machine's own mirror stands for it. */
  readonly mirrors: readonly MirrorVariable[];
}

/** A variable that stands for a mirror of one of a distribution's archives. */
export interface MirrorVariable {
  readonly name: string;
  /** `Label` of the archive's indexes. */
  readonly label: string;
  /** What the archive's addresses end with: for a machine that has not fetched an index yet. */
  readonly ending: string;
  /** Where the machine has no mirror of it: that of another variable, with this appended. */
  readonly adjacent?: { readonly variable: string; readonly suffix: string };
}
