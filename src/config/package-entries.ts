import type { SourcePosition } from '../lib/errors.ts';
import type { Problem } from '../lib/problems.ts';

/** A package of a list, and the path of the entry that names it. */
export interface PackageEntry {
  name: string;
  path: readonly PropertyKey[];
}

/**
 * The packages of one entry: `a b` is two, and `a 'b >= 1'`, with single quotes, too.
 * @returns `undefined` for a quote without an end
 */
export function splitPackages(entry: string): string[] | undefined {
  const parts = entry.split("'");
  if (parts.length % 2 === 0) return undefined;
  return parts.flatMap((part, index) => (index % 2 === 1 ? [part] : part.split(/\s+/).filter((name) => name !== '')));
}

/**
 * The packages of a list of entries.
 * @param path of the list
 * @param position gives the place of an entry
 * @param problems gets a problem of each entry whose quotes are wrong
 */
export function packagesOf(
  list: readonly string[],
  path: readonly PropertyKey[],
  position: (path: readonly PropertyKey[]) => SourcePosition,
  problems: Problem[],
): PackageEntry[] {
  return list.flatMap((entry, index) => {
    const place = [...path, index];
    const names = splitPackages(entry);
    if (names !== undefined) return names.map((name) => ({ name, path: place }));
    const message = `a single quote has no second one in "${entry}"`;
    const hint = "write 'NAME >= VERSION', with a quote at either end";
    problems.push({ code: 'CONFIG_VALUE', message, where: position(place), hint });
    return [];
  });
}
