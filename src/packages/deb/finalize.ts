import { symlink } from 'node:fs/promises';
import { removeInRoot, renameInRoot, replaceInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { forgetMachine, removeFiles, removeMatching } from '../forget-machine.ts';
import { finalDatabase, installedDatabase } from './database.ts';

/** A Debian kernel links itself there; a system of ostree boots from elsewhere. */
const kernelLinks = ['/initrd.img', '/initrd.img.old', '/vmlinuz', '/vmlinuz.old'];

/** Of the database: what only an install or upgrade needs. */
const removedOfDatabase = [
  'available',
  'changelogs',
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
  await forgetMachine(root);
  await removeFiles(root, '/var/lib/apt/lists');
  for (const path of kernelLinks) await removeInRoot(root, path);
  await moveDatabase(root);
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
