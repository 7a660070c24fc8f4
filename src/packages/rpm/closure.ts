import { posix } from 'node:path';
import { dependencyFlag } from './header/tags.ts';
import type { RpmPackage } from './package-file.ts';

/**
 * Packages that have some names, and whatever those need, among packages that need nothing else. Versions do not count:
 * of a lock, they are right.
 * @param names of what packages provide or own: `rpm`, `/bin/sh`
 * @returns in the order given; `undefined` if nothing has one of the names
 */
export function closureOf(packages: readonly RpmPackage[], names: readonly string[]): RpmPackage[] | undefined {
  const providers = providersOf(packages);
  const chosen = new Set<RpmPackage>();
  const pending: RpmPackage[] = [];
  const choose = (name: string): boolean => {
    const provider = providers.get(name) ?? providers.get(mergedPath(name));
    if (provider === undefined) return false;
    if (!chosen.has(provider)) pending.push(provider);
    chosen.add(provider);
    return true;
  };
  for (const name of names) if (!choose(name)) return undefined;
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    for (const { name, flags } of item.header.requires) {
      if ((flags & dependencyFlag.rpmlib) === 0) for (const word of wordsOf(name)) choose(word);
    }
  }
  return packages.filter((item) => chosen.has(item));
}

/** The first package that has each name. */
function providersOf(packages: readonly RpmPackage[]): ReadonlyMap<string, RpmPackage> {
  const providers = new Map<string, RpmPackage>();
  const add = (name: string, item: RpmPackage) => {
    if (!providers.has(name)) providers.set(name, item);
  };
  for (const item of packages) {
    for (const { name } of item.header.provides) add(name, item);
  }
  // A link that packages share, such as those of alternatives, is found in the package that brings the file first.
  for (const item of packages) {
    for (const { path, isGhost } of item.files) if (!isGhost) add(mergedPath(path), item);
  }
  return providers;
}

/** A path as it is where /bin and its like are links into /usr. */
function mergedPath(path: string): string {
  return /^\/(s?bin|lib(64)?)\//.test(path) ? posix.join('/usr', path) : path;
}

/** Names in a dependency: one, or of a rich one all, `(a or b if c)`, for what is more than needed does no harm. */
function wordsOf(dependency: string): string[] {
  if (!dependency.startsWith('(')) return [dependency];
  return dependency.split(/\s+/).map((word) => {
    let name = word.replace(/^\(+/, '');
    // Names have parentheses of their own: `libc.so.6()(64bit)`.
    while (name.endsWith(')') && name.split(')').length > name.split('(').length) name = name.slice(0, -1);
    return name;
  });
}
