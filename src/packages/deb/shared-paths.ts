import { lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunOptions } from '../../exec/run.ts';
import { extractFiles } from '../../exec/tools/dpkg-deb.ts';
import { CosaError } from '../../lib/errors.ts';
import { fieldOf } from './control.ts';
import { installedDatabase, type UnpackedPackage } from './database.ts';
import { databaseName, type PackageFile } from './package-file.ts';
import { dependencyNames } from './unpack-plan.ts';

/**
 * Settles who owns a file that several packages bring. dpkg lets a package take over another's files where it says
 * `Replaces`; packages extracted at the same time overwrite each other in any order, so the winner is written once more.
 * @param extracted packages unpacked without dpkg
 * @param byDpkg packages unpacked by dpkg: their lists are in the database already
 * @returns `extracted` without the paths that went to another package
 * @throws CosaError `PACKAGE_FILE_CONFLICT`
 */
export async function settleSharedPaths(
  root: string,
  extracted: readonly UnpackedPackage[],
  byDpkg: readonly PackageFile[],
  options: RunOptions,
): Promise<UnpackedPackage[]> {
  const owners = new Map<string, PackageFile[]>();
  const own = (path: string, item: PackageFile) => {
    const list = owners.get(path);
    if (list === undefined) owners.set(path, [item]);
    else list.push(item);
  };
  for (const { item, paths } of extracted) for (const path of paths) if (!path.endsWith('/')) own(path, item);
  for (const item of byDpkg) for (const path of await databaseList(root, item)) own(path, item);

  const lost = new Map<PackageFile, Set<string>>();
  const rewrite = new Map<PackageFile, string[]>();
  const withoutDpkg = new Set(extracted.map(({ item }) => item));
  for (const [path, items] of owners) {
    if (items.length < 2 || !items.some((item) => withoutDpkg.has(item)) || (await isDirectory(join(root, path))))
      continue;
    const winner = items.find((item) => items.every((other) => other === item || replaces(item, other)));
    if (winner === undefined) throw conflict(path, items);
    rewrite.set(winner, [...(rewrite.get(winner) ?? []), path]);
    for (const item of items) if (item !== winner) lost.set(item, (lost.get(item) ?? new Set()).add(path));
  }
  for (const [item, paths] of rewrite) {
    await extractFiles(item.file, root, { only: paths.map((path) => `.${path}`) }, options);
  }
  for (const item of byDpkg) {
    const gone = lost.get(item);
    if (gone === undefined) continue;
    const kept = (await databaseList(root, item)).filter((path) => !gone.has(path));
    await writeFile(listPath(root, item), kept.map((path) => `${path}\n`).join(''));
  }
  return extracted.map(({ item, paths }) => {
    const gone = lost.get(item);
    return gone === undefined ? { item, paths } : { item, paths: paths.filter((path) => !gone.has(path)) };
  });
}

function replaces(item: PackageFile, other: PackageFile): boolean {
  return dependencyNames(fieldOf(item.control, 'Replaces')).flat().includes(other.locked.name);
}

function listPath(root: string, item: PackageFile): string {
  return join(root, installedDatabase, 'info', `${databaseName(item)}.list`);
}

async function databaseList(root: string, item: PackageFile): Promise<string[]> {
  return (await readFile(listPath(root, item), 'utf8')).split('\n').filter((path) => path !== '' && path !== '/.');
}

async function isDirectory(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function conflict(path: string, items: readonly PackageFile[]): CosaError {
  const names = items.map(({ locked }) => locked.name).join(' and ');
  return new CosaError('PACKAGE_FILE_CONFLICT', `${names} both bring ${path}, and neither replaces the other`, {
    hint: 'leave out one of the packages',
  });
}
