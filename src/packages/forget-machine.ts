import { entriesInRoot, namesInRoot, removeInRoot } from '../lib/root-files.ts';

/** Below these, files are removed and directories stay: packages own them, and programs expect them. */
const emptied = ['/var/cache', '/var/log', '/var/tmp', '/var/backups', '/run', '/tmp'];

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
];

/** Left behind in /etc by programs that keep what they replace. */
const backups = ['passwd-', 'group-', 'shadow-', 'gshadow-', 'subuid-', 'subgid-'];

/** Cleans an installed root, of whatever family, of what would differ had its packages been installed again. */
export async function forgetMachine(root: string): Promise<void> {
  for (const directory of emptied) await removeFiles(root, directory);
  for (const path of removed) await removeInRoot(root, path);
  for (const name of backups) await removeInRoot(root, `/etc/${name}`);
  await removeMatching(root, '/etc/ssh', /^ssh_host_.*_key(\.pub)?$/);
  await removeMatching(root, '/etc/xml', /\.old$/);
}

/** Removes the entries of a directory whose names match. */
export async function removeMatching(root: string, directory: string, pattern: RegExp): Promise<void> {
  for (const name of await namesInRoot(root, directory)) {
    if (pattern.test(name)) await removeInRoot(root, `${directory}/${name}`);
  }
}

/** Removes the files below a directory; its directories stay. */
export async function removeFiles(root: string, directory: string): Promise<void> {
  for (const entry of await entriesInRoot(root, directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) await removeFiles(root, path);
    else await removeInRoot(root, path);
  }
}
