import type { Dirent } from 'node:fs';
import { lstat, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { isSystemError } from '../../lib/errors.ts';
import { finalDatabase, installedDatabase } from './database.ts';

/** Below these, files are removed and directories stay: packages own them, and programs expect them. */
const emptied = ['var/cache', 'var/log', 'var/tmp', 'var/backups', 'var/lib/apt/lists', 'run', 'tmp'];

/** What a machine, and not an operating system, has; and what differs between two installs of the same packages. */
const removed = [
  'etc/machine-id',
  'etc/.pwd.lock',
  'etc/hostname',
  'etc/resolv.conf',
  'root/.bash_history',
  'var/lib/dbus/machine-id',
  'var/lib/systemd/catalog/database',
  'var/lib/systemd/random-seed',
  'var/lib/systemd/credential.secret',
  // A Debian kernel links itself there; a system of ostree boots from elsewhere.
  'initrd.img',
  'initrd.img.old',
  'vmlinuz',
  'vmlinuz.old',
];

/** Left behind in /etc by programs that keep what they replace. */
const backups = ['passwd-', 'group-', 'shadow-', 'gshadow-', 'subuid-', 'subgid-'];

/** Of the database: what only an install or upgrade needs. */
const removedOfDatabase = [
  'available',
  'cmethopt',
  'lock',
  'lock-frontend',
  'methlock',
  'parts',
  'updates',
  'triggers/Lock',
];

/**
 * Cleans an installed root and moves dpkg's database to /usr/lib/sysimage, where it is read-only in the booted system.
 * The old place becomes a link, now and at each boot: `dpkg -l` works with it. Does nothing to what is done already.
 */
export async function finalizeDebs(root: string): Promise<void> {
  for (const directory of emptied) await removeFiles(join(root, directory));
  for (const path of removed) await rm(join(root, path), { force: true });
  for (const name of backups) await rm(join(root, 'etc', name), { force: true });
  await removeMatching(join(root, 'etc/ssh'), /^ssh_host_.*_key(\.pub)?$/);
  await removeMatching(join(root, 'etc/xml'), /\.old$/);
  await moveDatabase(root);
}

async function removeMatching(directory: string, pattern: RegExp): Promise<void> {
  for (const entry of await entriesOf(directory)) {
    if (pattern.test(entry.name)) await rm(join(directory, entry.name));
  }
}

async function moveDatabase(root: string): Promise<void> {
  const [from, to] = [join(root, installedDatabase), join(root, finalDatabase)];
  const stats = await lstat(from).catch(() => undefined);
  if (stats?.isDirectory() !== true) return;
  for (const name of removedOfDatabase) await rm(join(from, name), { recursive: true, force: true });
  await removeMatching(from, /-old$/);
  await makeDirectory(dirname(to));
  await rename(from, to);
  const target = `../../${finalDatabase}`;
  await symlink(target, from);
  const rules = join(root, 'usr/lib/tmpfiles.d');
  await makeDirectory(rules);
  await writeFile(join(rules, 'dpkg-database.conf'), `L /${installedDatabase} - - - - ${target}\n`);
}

async function removeFiles(directory: string): Promise<void> {
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await removeFiles(path);
    else await rm(path);
  }
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
