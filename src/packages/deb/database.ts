import { createHash } from 'node:crypto';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sortByBytes } from '../../lib/order.ts';
import {
  makeDirectoryInRoot,
  readBytesInRootIfExists,
  readTextInRoot,
  readTextInRootIfExists,
  replaceInRoot,
  writeTextInRoot,
} from '../../lib/root-files.ts';
import { hostDirectory } from '../../lib/root-path.ts';
import { formatControl } from './control.ts';
import { type Diversions, placeOf, readDiversions } from './diversions.ts';
import { databaseName, type PackageFile } from './package-file.ts';
import type { UnpackedPackage } from './unpacked.ts';

/** dpkg's database in a root that is being installed. */
export const installedDatabase = '/var/lib/dpkg';
/** Where {@link finalizeDebs} puts it: /var does not belong to the operating system's tree. */
export const finalDatabase = '/usr/lib/sysimage/dpkg';
/** Our own file in the database: a line a package, its name and the date of its newest changelog entry. */
const changeDatesName = 'changelog-dates';

/** Makes an empty database. */
export async function createDatabase(root: string): Promise<void> {
  for (const name of ['alternatives', 'info', 'parts', 'triggers', 'updates']) {
    await makeDirectoryInRoot(root, `${installedDatabase}/${name}`);
  }
  await replaceInRoot(root, `${installedDatabase}/status`, '');
  await replaceInRoot(root, `${installedDatabase}/available`, '');
  // Version 1: files in info/ carry the architecture where a package may be there for several.
  await replaceInRoot(root, `${installedDatabase}/info/format`, '1\n');
}

/**
 * Enters packages as dpkg does when it has unpacked one: state "install ok unpacked", ready for `dpkg --configure`.
 * @see https://manpages.debian.org/dpkg.1 (package states)
 */
export async function enterUnpacked(root: string, packages: readonly UnpackedPackage[]): Promise<void> {
  const diversions = await readDiversions(root, installedDatabase);
  const info = await hostDirectory(root, `${installedDatabase}/info`);
  const paragraphs = [];
  for (const { item, paths } of packages) {
    const name = databaseName(item);
    for (const [file, { content, mode }] of item.controlFiles) {
      if (file !== 'control') await writeNew(join(info, `${name}.${file}`), content, mode);
    }
    const list = paths.map((path) => (path === '/' ? '/.' : path.replace(/\/$/, '')));
    await writeNew(join(info, `${name}.list`), list.map((path) => `${path}\n`).join(''), 0o644);
    const conffiles = await conffileField(root, item, diversions);
    paragraphs.push({
      fields: [
        ...item.control.fields,
        { name: 'Status', value: 'install ok unpacked' },
        ...(conffiles === '' ? [] : [{ name: 'Conffiles', value: conffiles }]),
      ],
    });
  }
  const statusFile = `${installedDatabase}/status`;
  const status = await readTextInRoot(root, statusFile);
  const parts = [status.trimEnd(), formatControl(paragraphs).trimEnd()].filter((text) => text !== '');
  await writeTextInRoot(root, statusFile, `${parts.join('\n\n')}\n`);
}

/** Where the database keeps a package's paths, in a root that is being installed. */
export function listFile(item: PackageFile): string {
  return `${installedDatabase}/info/${databaseName(item)}.list`;
}

/** In a directory of which no part is a link. */
async function writeNew(file: string, content: string | Buffer, mode: number): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, content, { flag: 'wx' });
  // Whatever the caller's umask.
  await chmod(file, mode);
}

/**
 * The files' MD5 sums, by which dpkg tells later whether an administrator has changed one. A link counts as what it
 * leads to in the root; `nonexistent` is dpkg's own word.
 */
async function conffileField(root: string, item: PackageFile, diversions: Diversions): Promise<string> {
  const text = item.controlFiles.get('conffiles')?.content.toString('utf8') ?? '';
  const lines: string[] = [];
  // Lines with a flag in front ("remove-on-upgrade /etc/…") name files that the package no longer has.
  for (const path of text.split('\n').filter((line) => line.startsWith('/'))) {
    const place = placeOf(diversions, path, item.locked.name);
    const content = await readBytesInRootIfExists(root, place);
    const sum = content === undefined ? 'nonexistent' : createHash('md5').update(content).digest('hex');
    lines.push(`\n ${path} ${sum}`);
  }
  return lines.join('');
}

/** Keeps the packages' dates, for the inventory. */
export async function writeChangeDates(root: string, packages: readonly PackageFile[]): Promise<void> {
  const lines = packages.map(({ locked, changed }) => `${locked.name} ${changed}\n`);
  await replaceInRoot(root, `${installedDatabase}/${changeDatesName}`, sortByBytes(lines).join(''));
}

/** What {@link writeChangeDates} kept in a database; empty for a database that somebody else made. */
export async function readChangeDates(root: string, database: string): Promise<ReadonlyMap<string, number>> {
  const text = (await readTextInRootIfExists(root, `${database}/${changeDatesName}`)) ?? '';
  const dates = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, seconds] = line.split(' ');
    if (name !== undefined && seconds !== undefined) dates.set(name, Number(seconds));
  }
  return dates;
}
