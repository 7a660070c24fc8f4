import type { LockedPackage, PackageBackend } from '../../../packages/backend.ts';
import { backends } from '../../../packages/backends.ts';

interface PackageChange {
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

/** Compares two package sets, both of one family. */
export function packageChanges(from: readonly LockedPackage[], to: readonly LockedPackage[]): PackageChanges {
  const [before, after] = [versions(from), versions(to)];
  const compareVersions = comparison([...from, ...to]);
  const changes = [...after].flatMap(([name, version]) => {
    const old = before.get(name);
    return old === undefined || old === version ? [] : [{ name, from: old, to: version }];
  });
  return {
    added: missingIn(before, after),
    removed: missingIn(after, before),
    upgraded: changes.filter((change) => compareVersions(change.from, change.to) <= 0),
    downgraded: changes.filter((change) => compareVersions(change.from, change.to) > 0),
  };
}

function versions(packages: readonly LockedPackage[]): Map<string, string> {
  const sorted = packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(sorted.map(({ name, version }) => [name, version]));
}

function missingIn(others: ReadonlyMap<string, string>, packages: ReadonlyMap<string, string>) {
  return [...packages].filter(([name]) => !others.has(name)).map(([name, version]) => ({ name, version }));
}

/** The family's order of versions; the family shows in the names of the package files. */
function comparison(packages: readonly LockedPackage[]): PackageBackend['compareVersions'] {
  const path = packages[0]?.path ?? '';
  const backend = backends.find(({ overridesDirectory }) => path.endsWith(`.${overridesDirectory}`));
  return backend?.compareVersions ?? (() => 0);
}
