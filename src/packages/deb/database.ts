import { createHash } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { formatControl } from './control.ts';
import { databaseName, type PackageFile } from './package-file.ts';

/** dpkg's database in a root that is being installed. */
export const installedDatabase = 'var/lib/dpkg';
/** Where {@link finalizeDebs} puts it: /var does not belong to the operating system's tree. */
export const finalDatabase = 'usr/lib/sysimage/dpkg';
/** Our own file in the database: a line a package, its name and the date of its newest changelog entry. */
const changeDatesName = 'changelog-dates';

/** A package that was unpacked without dpkg. */
export interface UnpackedPackage {
  item: PackageFile;
  /** Absolute paths of its members, in the archive's order; directories end with a slash. */
  paths: readonly string[];
}

/** Makes an empty database. */
export async function createDatabase(root: string): Promise<void> {
  const base = join(root, installedDatabase);
  for (const name of ['alternatives', 'info', 'parts', 'triggers', 'updates']) {
    await makeDirectory(join(base, name));
  }
  await writeFile(join(base, 'status'), '');
  await writeFile(join(base, 'available'), '');
  // Version 1: files in info/ carry the architecture where a package may be there for several.
  await writeFile(join(base, 'info', 'format'), '1\n');
}

/**
 * Enters packages as dpkg does when it has unpacked one: state "install ok unpacked", ready for `dpkg --configure`.
 * @see https://manpages.debian.org/dpkg.1 (package states)
 */
export async function enterUnpacked(root: string, packages: readonly UnpackedPackage[]): Promise<void> {
  const base = join(root, installedDatabase);
  const paragraphs = [];
  for (const { item, paths } of packages) {
    const name = databaseName(item);
    for (const member of item.members) {
      if (member !== 'control')
        await copyFile(join(item.controlDirectory, member), join(base, 'info', `${name}.${member}`));
    }
    const list = paths.map((path) => (path === '/' ? '/.' : path.replace(/\/$/, '')));
    await writeFile(join(base, 'info', `${name}.list`), list.map((path) => `${path}\n`).join(''));
    const conffiles = await conffileField(root, item);
    paragraphs.push({
      fields: [
        ...item.control.fields,
        { name: 'Status', value: 'install ok unpacked' },
        ...(conffiles === '' ? [] : [{ name: 'Conffiles', value: conffiles }]),
      ],
    });
  }
  const status = (await readTextIfExists(join(base, 'status'))) ?? '';
  const parts = [status.trimEnd(), formatControl(paragraphs).trimEnd()].filter((text) => text !== '');
  await writeFile(join(base, 'status'), `${parts.join('\n\n')}\n`);
}

/** The files' MD5 sums, by which dpkg tells later whether an administrator has changed one. */
async function conffileField(root: string, item: PackageFile): Promise<string> {
  if (!item.members.includes('conffiles')) return '';
  const text = await readFile(join(item.controlDirectory, 'conffiles'), 'utf8');
  const lines: string[] = [];
  // Lines with a flag in front ("remove-on-upgrade /etc/…") name files that the package no longer has.
  for (const path of text.split('\n').filter((line) => line.startsWith('/'))) {
    const content = await readFile(join(root, path));
    lines.push(`\n ${path} ${createHash('md5').update(content).digest('hex')}`);
  }
  return lines.join('');
}

/** Keeps the packages' dates, for the inventory. */
export async function writeChangeDates(root: string, packages: readonly PackageFile[]): Promise<void> {
  const lines = packages.map(({ locked, changed }) => `${locked.name} ${changed}\n`);
  await writeFile(join(root, installedDatabase, changeDatesName), lines.sort().join(''));
}

/** What {@link writeChangeDates} kept in a database; empty for a database that somebody else made. */
export async function readChangeDates(database: string): Promise<ReadonlyMap<string, number>> {
  const text = (await readTextIfExists(join(database, changeDatesName))) ?? '';
  const dates = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, seconds] = line.split(' ');
    if (name !== undefined && seconds !== undefined) dates.set(name, Number(seconds));
  }
  return dates;
}
