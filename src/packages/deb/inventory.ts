import { CosaError } from '../../lib/errors.ts';
import { compareBytes, sortByBytes } from '../../lib/order.ts';
import { readTextInRoot, readTextInRootIfExists, statInRoot } from '../../lib/root-files.ts';
import type { InstalledPackage } from '../backend.ts';
import { fileLocator } from '../locate-files.ts';
import { type ControlParagraph, fieldOf, parseControl, requiredField, sourceOf, wordsOf } from './control.ts';
import { finalDatabase, installedDatabase, readChangeDates } from './database.ts';
import { placeOf, readDiversions } from './diversions.ts';

/**
 * The packages of a root, sorted by name, with the paths that are really there. Works before {@link finalizeDebs} and after.
 *
 * A path is where the file lies: directories that are links are resolved (`/bin/sh` → `/usr/bin/sh`), diverted files are
 * where they were diverted to, and files of /etc are below /usr/etc once they have been moved there.
 * @throws CosaError `PACKAGE_DATABASE_MISSING`
 */
export async function debInventory(root: string): Promise<InstalledPackage[]> {
  const database = await findDatabase(root);
  const statusPath = `${database}/status`;
  const status = parseControl(await readTextInRoot(root, statusPath), statusPath).sort(byName);
  const dates = await readChangeDates(root, database);
  const diversions = await readDiversions(root, database);
  const locate = fileLocator(root);
  const packages: InstalledPackage[] = [];
  // A path has one owner, also where several packages list it: a directory that has become a link.
  const owned = new Set<string>();
  for (const paragraph of status) {
    if (!wordsOf(fieldOf(paragraph, 'Status')).includes('installed')) continue;
    const name = requiredField(paragraph, 'Package', 'a package of the database');
    const paths: string[] = [];
    for (const path of await listedPaths(root, database, name, paragraph)) {
      const place = await locate(placeOf(diversions, path, name));
      if (place === undefined || owned.has(place)) continue;
      owned.add(place);
      paths.push(place);
    }
    packages.push({
      name,
      version: requiredField(paragraph, 'Version', name),
      architecture: requiredField(paragraph, 'Architecture', name),
      source: sourceOf(paragraph, name),
      size: Number(fieldOf(paragraph, 'Installed-Size') ?? 0) * 1024,
      changed: dates.get(name) ?? 0,
      paths: sortByBytes(paths),
    });
  }
  return packages;
}

function byName(a: ControlParagraph, b: ControlParagraph): number {
  return compareBytes(fieldOf(a, 'Package') ?? '', fieldOf(b, 'Package') ?? '');
}

async function findDatabase(root: string): Promise<string> {
  for (const place of [finalDatabase, installedDatabase]) {
    if ((await statInRoot(root, `${place}/status`)) !== undefined) return place;
  }
  throw new CosaError('PACKAGE_DATABASE_MISSING', 'the root has no package database of dpkg');
}

async function listedPaths(
  root: string,
  database: string,
  name: string,
  paragraph: ControlParagraph,
): Promise<string[]> {
  const architecture = fieldOf(paragraph, 'Architecture') ?? '';
  const text =
    (await readTextInRootIfExists(root, `${database}/info/${name}:${architecture}.list`)) ??
    (await readTextInRootIfExists(root, `${database}/info/${name}.list`)) ??
    '';
  return text.split('\n').filter((path) => path.startsWith('/') && path !== '/.');
}
