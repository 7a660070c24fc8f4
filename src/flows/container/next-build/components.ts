import type { Component } from '../../../lib/component.ts';
import { compareBytes, sortByBytes } from '../../../lib/order.ts';
import type { InstalledPackage } from '../../../packages/backend.ts';
import { finalPath } from '../../../rootfs/final-path.ts';
import type { AssembledRoot } from '../../../rootfs/request.ts';

/**
 * The components that the layer plan works with: a source package's binaries together, for they change together,
 * and the parts that the build generates. A path belongs to one component; a generated one wins over a package.
 * @returns sorted by name
 */
export function rootComponents(packages: readonly InstalledPackage[], assembled: AssembledRoot): Component[] {
  const generated = new Set(assembled.components.flatMap((component) => component.paths));
  const sources = new Map<string, { packages: Set<string>; changed: number; paths: Set<string> }>();
  for (const installed of packages) {
    const source = sources.get(installed.source) ?? {
      packages: new Set<string>(),
      changed: 0,
      paths: new Set<string>(),
    };
    sources.set(installed.source, source);
    source.packages.add(installed.name);
    source.changed = Math.max(source.changed, installed.changed);
    for (const path of installed.paths) {
      const final = finalPath(assembled.layout, path);
      if (final !== undefined && !generated.has(final)) source.paths.add(final);
    }
  }
  const fromPackages = [...sources].map(([name, source]) => ({
    name,
    packages: sortByBytes(source.packages),
    changed: source.changed,
    paths: sortByBytes(source.paths),
  }));
  return [...fromPackages, ...assembled.components].sort((a, b) => compareBytes(a.name, b.name));
}

/**
 * The package database, which no package owns: it changes with any of them, and with nothing else. In layer 0 every update
 * would download it.
 * @param paths of all files of the ostree root
 * @param directory of the database
 */
export function databaseComponent(paths: Iterable<string>, directory: string): Component {
  const own = [...paths].filter((path) => path.startsWith(`${directory}/`));
  return { name: 'package-database', packages: [], changed: 0, paths: sortByBytes(own) };
}
