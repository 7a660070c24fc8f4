import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import { makeDirectoryInRoot, readTextInRoot, replaceInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { fieldOf } from './control.ts';
import { listFile } from './database.ts';
import { type Diversions, placeOf } from './diversions.ts';
import { extractPackages } from './extract.ts';
import type { PackageFile } from './package-file.ts';
import { dependencyNames } from './unpack-plan.ts';
import type { UnpackedPackage } from './unpacked.ts';

/** A file of a package: its path in the archive, and where it belongs in the root. */
interface Claim {
  item: PackageFile;
  path: string;
}

/**
 * Settles who owns a file that several packages bring. dpkg lets a package take over another's files where it says
 * `Replaces`, and keeps both where one has diverted the other's; packages extracted at the same time overwrite each
 * other in any order, so the winner is written once more.
 * @param extracted packages unpacked without dpkg
 * @param byDpkg packages unpacked by dpkg: their lists are in the database already
 * @returns `extracted` without the paths that went to another package
 * @throws CosaError `PACKAGE_FILE_CONFLICT`
 */
export async function settleSharedPaths(
  root: string,
  extracted: readonly UnpackedPackage[],
  byDpkg: readonly PackageFile[],
  diversions: Diversions,
  signal: AbortSignal,
): Promise<UnpackedPackage[]> {
  const claims = new Map<string, Claim[]>();
  const claim = (path: string, item: PackageFile) => {
    const place = placeOf(diversions, path, item.locked.name);
    const list = claims.get(place);
    if (list === undefined) claims.set(place, [{ item, path }]);
    else list.push({ item, path });
  };
  for (const { item, paths } of extracted) for (const path of paths) if (!path.endsWith('/')) claim(path, item);
  for (const item of byDpkg) for (const path of await databaseList(root, item)) claim(path, item);

  const lost = new Map<PackageFile, Set<string>>();
  const rewrite = new Map<PackageFile, Map<string, string>>();
  const withoutDpkg = new Set(extracted.map(({ item }) => item));
  for (const [place, list] of claims) {
    if (
      list.length < 2 ||
      !list.some(({ item }) => withoutDpkg.has(item)) ||
      (await statInRoot(root, place))?.isDirectory()
    ) {
      continue;
    }
    const winner = list.find(({ item }) => list.every((other) => other.item === item || replaces(item, other.item)));
    if (winner === undefined) throw conflict(place, list);
    rewrite.set(winner.item, (rewrite.get(winner.item) ?? new Map<string, string>()).set(winner.path, place));
    for (const { item, path } of list) {
      if (item !== winner.item) lost.set(item, (lost.get(item) ?? new Set()).add(path));
    }
  }
  for (const [item, places] of rewrite) await writeAgain(root, item, places, signal);
  for (const item of byDpkg) {
    const gone = lost.get(item);
    if (gone === undefined) continue;
    const kept = (await databaseList(root, item)).filter((path) => !gone.has(path));
    await replaceInRoot(root, listFile(item), ['/.', ...kept].map((path) => `${path}\n`).join(''));
  }
  return extracted.map((unpacked) => {
    const gone = lost.get(unpacked.item);
    return gone === undefined ? unpacked : { ...unpacked, paths: unpacked.paths.filter((path) => !gone.has(path)) };
  });
}

/**
 * Unpacks files of a package to their places, which may bear other names than they have in the archive.
 * @param places place by path
 */
async function writeAgain(
  root: string,
  item: PackageFile,
  places: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<void> {
  // Within the root, for a rename must not leave the filesystem; whole, for a hard link needs what it names.
  const scratch = await mkdtemp(join(await hostPath(root, '/'), '.cosa-package-'));
  try {
    const [unpacked] = await extractPackages([item], scratch, { documentation: true }, signal);
    if (unpacked === undefined) {
      const [path] = places.keys();
      throw new CosaError('PACKAGE_FILE_CONFLICT', `${path} of ${item.locked.name} cannot be written a second time`, {
        hint: 'leave out one of the packages that bring it',
      });
    }
    for (const [path, place] of places) {
      await makeDirectoryInRoot(root, posix.dirname(place));
      await rename(await hostPath(scratch, path), await hostPath(root, place));
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function replaces(item: PackageFile, other: PackageFile): boolean {
  return dependencyNames(fieldOf(item.control, 'Replaces')).flat().includes(other.locked.name);
}

async function databaseList(root: string, item: PackageFile): Promise<string[]> {
  return (await readTextInRoot(root, listFile(item))).split('\n').filter((path) => path !== '' && path !== '/.');
}

function conflict(path: string, claims: readonly Claim[]): CosaError {
  const names = claims.map(({ item }) => item.locked.name).join(' and ');
  return new CosaError('PACKAGE_FILE_CONFLICT', `${names} both bring ${path}, and neither replaces the other`, {
    hint: 'leave out one of the packages',
  });
}
