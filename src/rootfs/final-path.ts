import { readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { entriesInRoot } from '../lib/root-files.ts';
import { hostPath } from '../lib/root-path.ts';
import { emptyDirectories } from './lost-paths.ts';
import type { RootLayout } from './request.ts';

/** Where a file of /var that must be there from the first boot on waits: tmpfiles.d copies it. */
export const factoryDirectory = '/usr/share/factory';

/**
 * Where a path that a package owns lies in the ostree root.
 * @param path absolute, as a package database spells it
 * @returns `undefined` if it is not part of the ostree root
 */
export function finalPath(layout: RootLayout, path: string): string | undefined {
  const followed = followAliases(layout.aliases, posix.normalize(path));
  const kernel = kernelFile(layout.kernelRelease, followed);
  if (kernel !== undefined) return kernel;
  if (isBelow(followed, '/etc')) return `/usr${followed}`;
  // A file of /var is part of the tree as its factory copy, if the package's content was worth one.
  if (isBelow(followed, '/var')) return `${factoryDirectory}${followed}`;
  if (emptyDirectories.some((directory) => isBelow(followed, directory))) return undefined;
  return followed;
}

/** The names that a kernel's files have in /boot, and in /usr/lib/modules/RELEASE. */
export const kernelFiles = ['vmlinuz', 'System.map', 'config'] as const;

function kernelFile(release: string, path: string): string | undefined {
  const name = kernelFiles.find((file) => path === `/boot/${file}-${release}`);
  return name === undefined ? undefined : `/usr/lib/modules/${release}/${name}`;
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function followAliases(aliases: ReadonlyMap<string, string>, path: string): string {
  let result = path;
  // Each round follows the first link on the way; a chain is never longer than the table.
  for (let round = 0; round <= aliases.size; round++) {
    const parts = result.split('/');
    const next = parts
      .map((_, index) => parts.slice(0, index + 1).join('/'))
      .slice(1, -1)
      .find((prefix) => aliases.has(prefix));
    if (next === undefined) return result;
    result = posix.normalize(`${aliases.get(next) ?? ''}${result.slice(next.length)}`);
  }
  return result;
}

/**
 * The links to directories at the top of a root and of its /usr: what the usr-merge, and our own links
 * into /var, leave there.
 */
export async function readAliases(root: string): Promise<Map<string, string>> {
  const aliases = new Map<string, string>();
  for (const directory of ['/', '/usr']) {
    for (const entry of await entriesInRoot(root, directory)) {
      if (!entry.isSymbolicLink()) continue;
      const path = posix.join(directory, entry.name);
      const target = await readlink(await hostPath(root, path));
      aliases.set(path, posix.resolve(directory, target));
    }
  }
  return aliases;
}
