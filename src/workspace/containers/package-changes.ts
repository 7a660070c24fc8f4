import type { LockedPackage, Lockfile } from '../../contract/lockfile.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { PackageBackend } from '../../packages/backend.ts';
import { backends } from '../../packages/backends.ts';

/** One that has taken the place of another. */
export interface PackageChange {
  name: string;
  from: string;
  to: string;
}

/** Each sorted by name. */
export interface PackageChanges {
  added: readonly { name: string; version: string }[];
  removed: readonly { name: string; version: string }[];
  upgraded: readonly PackageChange[];
  downgraded: readonly PackageChange[];
}

/** What one container is made of; nothing for one that does not tell. */
export interface PackageSet extends Pick<Lockfile, 'family'> {
  packages: readonly NamedPackage[];
}

type NamedPackage = Pick<LockedPackage, 'name' | 'architecture' | 'version'>;

/**
 * Compares two package sets. Of a name that stands for several packages each architecture is compared by itself, and
 * named: `libc6:i386`.
 */
export function packageChanges(from: PackageSet, to: PackageSet): PackageChanges {
  const ambiguous = new Set([from, to].flatMap(({ packages }) => namesOfSeveralArchitectures(packages)));
  const before = versionsByName(from.packages, ambiguous);
  const after = versionsByName(to.packages, ambiguous);
  const compareVersions = comparison(from, to);
  const changes: PackageChange[] = [];
  const added: { name: string; version: string }[] = [];
  const removed: { name: string; version: string }[] = [];
  for (const name of sortByBytes(new Set([...before.keys(), ...after.keys()]))) {
    const old = before.get(name) ?? [];
    const now = after.get(name) ?? [];
    const gone = old.filter((version) => !now.includes(version));
    const come = now.filter((version) => !old.includes(version));
    const [oldVersion, newVersion] = [gone[0], come[0]];
    // Of two kernels, one may stay beside the next: only what takes the place of one other is its update.
    if (oldVersion !== undefined && newVersion !== undefined && gone.length === 1 && come.length === 1) {
      changes.push({ name, from: oldVersion, to: newVersion });
      continue;
    }
    removed.push(...gone.map((version) => ({ name, version })));
    added.push(...come.map((version) => ({ name, version })));
  }
  return {
    added,
    removed,
    upgraded: changes.filter((change) => compareVersions(change.from, change.to) <= 0),
    downgraded: changes.filter((change) => compareVersions(change.from, change.to) > 0),
  };
}

/** @param ambiguous names to which the architecture is added, in both sets */
function versionsByName(
  packages: readonly NamedPackage[],
  ambiguous: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, string[]>();
  for (const { name, architecture, version } of packages) {
    const identity = ambiguous.has(name) ? `${name}:${architecture}` : name;
    versions.set(identity, [...(versions.get(identity) ?? []), version]);
  }
  return versions;
}

function namesOfSeveralArchitectures(packages: readonly NamedPackage[]): string[] {
  const architectures = new Map<string, Set<string>>();
  for (const { name, architecture } of packages) {
    architectures.set(name, (architectures.get(name) ?? new Set()).add(architecture));
  }
  return [...architectures].flatMap(([name, { size }]) => (size > 1 ? [name] : []));
}

/** The order of versions of the family that both are of; without one, what is new counts as newer. */
function comparison(from: PackageSet, to: PackageSet): PackageBackend['compareVersions'] {
  const backend = from.family === to.family ? backends.find(({ family }) => family === to.family) : undefined;
  return backend?.compareVersions ?? (() => 0);
}
