import { access, lstat, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { CosaError, isSystemError } from '../../lib/errors.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import type { InstalledPackage } from '../backend.ts';
import { type ControlParagraph, fieldOf, parseControl, requiredField, sourceOf, wordsOf } from './control.ts';
import { finalDatabase, installedDatabase, readChangeDates } from './database.ts';

/**
 * The packages of a root, sorted by name, with the paths that are really there. Works before {@link finalizeDebs} and after.
 *
 * A path is where the file lies: directories that are links are resolved (`/bin/sh` → `/usr/bin/sh`), diverted files are
 * where they were diverted to, and files of /etc are below /usr/etc once they have been moved there.
 * @throws CosaError `PACKAGE_DATABASE_MISSING`
 */
export async function debInventory(root: string): Promise<InstalledPackage[]> {
  const database = await findDatabase(root);
  const statusPath = join(database, 'status');
  const status = parseControl(await readFile(statusPath, 'utf8'), statusPath).sort(byName);
  const [dates, diversions, locate] = [await readChangeDates(database), await readDiversions(database), locator(root)];
  const packages: InstalledPackage[] = [];
  // A path has one owner, also where several packages list it: a directory that has become a link.
  const owned = new Set<string>();
  for (const paragraph of status) {
    if (!wordsOf(fieldOf(paragraph, 'Status')).includes('installed')) continue;
    const name = requiredField(paragraph, 'Package', 'a package of the database');
    const paths: string[] = [];
    for (const path of await listedPaths(database, name, paragraph)) {
      const diversion = diversions.get(path);
      const place = await locate(diversion !== undefined && diversion.by !== name ? diversion.to : path);
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
      paths: paths.sort(),
    });
  }
  return packages;
}

function byName(a: ControlParagraph, b: ControlParagraph): number {
  return (fieldOf(a, 'Package') ?? '') < (fieldOf(b, 'Package') ?? '') ? -1 : 1;
}

async function findDatabase(root: string): Promise<string> {
  for (const place of [finalDatabase, installedDatabase]) {
    try {
      await access(join(root, place, 'status'));
      return join(root, place);
    } catch {
      // Not here: it has not been moved yet.
    }
  }
  throw new CosaError('PACKAGE_DATABASE_MISSING', `${root} has no package database of dpkg`);
}

async function listedPaths(database: string, name: string, paragraph: ControlParagraph): Promise<string[]> {
  const architecture = fieldOf(paragraph, 'Architecture') ?? '';
  const text =
    (await readTextIfExists(join(database, 'info', `${name}:${architecture}.list`))) ??
    (await readTextIfExists(join(database, 'info', `${name}.list`))) ??
    '';
  return text.split('\n').filter((path) => path.startsWith('/') && path !== '/.');
}

interface Diversion {
  to: string;
  /** The package whose own file keeps the path. */
  by: string;
}

/** The file holds three lines for each: the path, where it went, and by whose wish. */
async function readDiversions(database: string): Promise<ReadonlyMap<string, Diversion>> {
  const lines = ((await readTextIfExists(join(database, 'diversions'))) ?? '').split('\n');
  const diversions = new Map<string, Diversion>();
  for (let index = 0; index + 2 < lines.length; index += 3) {
    const [path = '', to = '', by = ''] = lines.slice(index, index + 3);
    diversions.set(path, { to, by });
  }
  return diversions;
}

/** Finds where a path of the database really lies; `undefined` for directories and for what is not there. */
function locator(root: string): (path: string) => Promise<string | undefined> {
  const directories = new Map<string, Promise<string | undefined>>();
  const resolveDirectory = (path: string) => {
    let found = directories.get(path);
    if (found === undefined) {
      found = insideRoot(root, path);
      directories.set(path, found);
    }
    return found;
  };
  return async (path) => {
    for (const candidate of path.startsWith('/etc/') ? [path, `/usr${path}`] : [path]) {
      const directory = await resolveDirectory(dirname(candidate));
      if (directory === undefined) continue;
      const place = join(directory, basename(candidate));
      const stats = await lstat(join(root, place)).catch((error: unknown) => {
        if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined;
        throw error;
      });
      if (stats !== undefined) return stats.isDirectory() ? undefined : place;
    }
    return undefined;
  };
}

/** A directory with its links resolved, as an absolute path inside the root. A link to an absolute path leads nowhere here. */
async function insideRoot(root: string, path: string): Promise<string | undefined> {
  const [base, resolved] = await Promise.all([realpath(root), realpath(join(root, path)).catch(() => undefined)]);
  if (resolved === undefined) return undefined;
  if (resolved === base) return '/';
  return resolved.startsWith(`${base}/`) ? `/${relative(base, resolved)}` : undefined;
}
