import { compareBytes, sortByBytes } from '../../lib/order.ts';
import type { InstalledPackage } from '../backend.ts';
import { fileLocator } from '../locate-files.ts';
import { type InstalledRpm, readDatabase } from './database.ts';
import { fullVersion, sourceName } from './header.ts';

/**
 * The packages of a root, sorted by name, with the paths that are really there: where documentation or languages were left
 * out, the database still has theirs. Works before `finalizeRpms` and after.
 *
 * A path that several packages have, such as a link that all of them bring, belongs to the first of them.
 * @throws CosaError `PACKAGE_DATABASE_MISSING`
 */
export async function rpmInventory(root: string): Promise<InstalledPackage[]> {
  const installed = (await readDatabase(root)).sort(byName);
  const locate = fileLocator(root);
  const owned = new Set<string>();
  const packages: InstalledPackage[] = [];
  for (const { header, files } of installed) {
    const paths: string[] = [];
    for (const { path } of files) {
      const place = await locate(path);
      if (place === undefined || owned.has(place)) continue;
      owned.add(place);
      paths.push(place);
    }
    const { name, architecture, size, changed } = header;
    const source = sourceName(header);
    packages.push({
      name,
      version: fullVersion(header),
      architecture,
      source,
      size,
      changed,
      paths: sortByBytes(paths),
    });
  }
  return packages;
}

function byName({ header: a }: InstalledRpm, { header: b }: InstalledRpm): number {
  return compareBytes(a.name, b.name) || compareBytes(a.architecture, b.architecture);
}
