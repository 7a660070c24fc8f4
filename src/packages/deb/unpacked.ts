import type { PackageFile } from './package-file.ts';

/** A package that was unpacked without dpkg. */
export interface UnpackedPackage {
  item: PackageFile;
  /** Absolute paths of its members, in the archive's order; directories end with a slash. */
  paths: readonly string[];
  /** Members whose owners have names other than root. */
  owned: readonly OwnedMember[];
}

/** A member of a package that names an owner other than root. */
export interface OwnedMember {
  path: string;
  /** Names as in the archive; empty if it gives none. */
  user: string;
  group: string;
}
