import { symlink } from 'node:fs/promises';
import {
  entriesInRoot,
  namesInRoot,
  removeInRoot,
  renameInRoot,
  replaceInRoot,
  statInRoot,
} from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { finalDatabase, installedDatabase } from './database.ts';

/** Below these, files are removed and directories stay: packages own them, and programs expect them. */
const emptied = ['/var/cache', '/var/log', '/var/tmp', '/var/backups', '/var/lib/apt/lists', '/run', '/tmp'];

/** What a machine, and not an operating system, has; and what differs between two installs of the same packages. */
const removed = [
  '/etc/machine-id',
  '/etc/.pwd.lock',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/root/.bash_history',
  '/var/lib/dbus/machine-id',
  '/var/lib/systemd/catalog/database',
  '/var/lib/systemd/random-seed',
  '/var/lib/systemd/credential.secret',
  // A Debian kernel links itself there; a system of ostree boots from elsewhere.
  '/initrd.img',
  '/initrd.img.old',
  '/vmlinuz',
  '/vmlinuz.old',
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
  for (const directory of emptied) await removeFiles(root, directory);
  for (const path of removed) await removeInRoot(root, path);
  for (const name of backups) await removeInRoot(root, `/etc/${name}`);
  await removeMatching(root, '/etc/ssh', /^ssh_host_.*_key(\.pub)?$/);
  await removeMatching(root, '/etc/xml', /\.old$/);
  await moveDatabase(root);
}

async function removeMatching(root: string, directory: string, pattern: RegExp): Promise<void> {
  for (const name of await namesInRoot(root, directory)) {
    if (pattern.test(name)) await removeInRoot(root, `${directory}/${name}`);
  }
}

async function moveDatabase(root: string): Promise<void> {
  if (!(await statInRoot(root, installedDatabase))?.isDirectory()) return;
  for (const name of removedOfDatabase) await removeInRoot(root, `${installedDatabase}/${name}`);
  await removeMatching(root, installedDatabase, /-old$/);
  await renameInRoot(root, installedDatabase, finalDatabase);
  const target = `../..${finalDatabase}`;
  await symlink(target, await hostPath(root, installedDatabase));
  await replaceInRoot(root, '/usr/lib/tmpfiles.d/dpkg-database.conf', `L ${installedDatabase} - - - - ${target}\n`);
}

async function removeFiles(root: string, directory: string): Promise<void> {
  for (const entry of await entriesInRoot(root, directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) await removeFiles(root, path);
    else await removeInRoot(root, path);
  }
}
