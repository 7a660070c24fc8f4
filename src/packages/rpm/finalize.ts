import { link, open, symlink } from 'node:fs/promises';
import { posix } from 'node:path';
import {
  isDirectoryInRoot,
  makeDirectoryInRoot,
  namesInRoot,
  removeInRoot,
  replaceInRoot,
  statInRoot,
} from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { forgetMachine } from '../forget-machine.ts';
import { installedDatabase, sqliteFile } from './database.ts';

/** Where distributions have the database, today and before: links lead from there. */
const usualPlaces = { usr: '/usr/lib/sysimage/rpm', var: '/var/lib/rpm' };

/** Locks, and what SQLite needs while somebody writes. */
const leftovers = ['.rpm.lock', 'rpmdb.sqlite-shm', 'rpmdb.sqlite-wal', '.dbenv.lock'];

/** Of a transaction that is over. */
const transactionState = '/var/lib/rpm-state';

/**
 * Cleans an installed root, and makes its database one that rpm reads where nothing can be written: `rpm -qa` works in the
 * booted system, from the places where it usually is as well. Does nothing to what is done already.
 * @see https://github.com/coreos/rpm-ostree/blob/main/rust/src/composepost.rs
 */
export async function finalizeRpms(root: string): Promise<void> {
  await forgetMachine(root);
  await removeInRoot(root, transactionState);
  for (const name of leftovers) await removeInRoot(root, `${installedDatabase}/${name}`);
  await leaveJournal(root);
  for (const place of Object.values(usualPlaces)) await linkDatabase(root, place);
  const atBoot = `L ${usualPlaces.var} - - - - ${linkTarget(usualPlaces.var)}\n`;
  await replaceInRoot(root, '/usr/lib/tmpfiles.d/rpm-database.conf', atBoot);
  if (await isDirectoryInRoot(root, '/usr/lib/rpm')) {
    await replaceInRoot(root, '/usr/lib/rpm/macros.d/macros.cosa', `%_dbpath ${installedDatabase}\n`);
  }
  if ((await statInRoot(root, '/usr/bin/rpm-ostree')) !== undefined) await keepBase(root);
}

/** Offsets in an SQLite file of how it is written and read, and their value for one without a journal beside it. */
const versions = { offset: 18, journaled: Buffer.from([2, 2]), plain: Buffer.from([1, 1]) };

/**
 * A database with a journal beside it cannot be opened where none can be made. This one was closed: all is in it, and
 * two bytes tell. https://www.sqlite.org/fileformat2.html#file_format_version_numbers
 */
async function leaveJournal(root: string): Promise<void> {
  if (!(await statInRoot(root, sqliteFile))?.isFile()) return;
  await using file = await open(await hostPath(root, sqliteFile), 'r+');
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, versions.offset);
  if (buffer.equals(versions.journaled)) await file.write(versions.plain, 0, 2, versions.offset);
}

async function linkDatabase(root: string, place: string): Promise<void> {
  await removeInRoot(root, place);
  await makeDirectoryInRoot(root, posix.dirname(place));
  await symlink(linkTarget(place), await hostPath(root, place));
}

function linkTarget(place: string): string {
  return posix.relative(posix.dirname(place), installedDatabase);
}

/** rpm-ostree finds there which packages the system was made of, when others are added to it on a machine. */
async function keepBase(root: string): Promise<void> {
  const base = '/usr/lib/sysimage/rpm-ostree-base-db';
  await removeInRoot(root, base);
  await makeDirectoryInRoot(root, base);
  for (const name of await namesInRoot(root, installedDatabase)) {
    await link(await hostPath(root, `${installedDatabase}/${name}`), await hostPath(root, `${base}/${name}`));
  }
}
