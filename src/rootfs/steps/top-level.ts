import { chmod, lstat, mkdir, readdir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CosaError, isSystemError } from '../../lib/errors.ts';
import type { RootStep } from '../context.ts';

/**
 * Directories whose content is the machine's own, and where it lives: /var is shared by all deployments.
 * https://ostreedev.github.io/ostree/adapting-existing/
 */
const stateDirectories: readonly { path: string; target: string }[] = [
  { path: '/home', target: 'var/home' },
  { path: '/root', target: 'var/roothome' },
  { path: '/opt', target: 'var/opt' },
  { path: '/srv', target: 'var/srv' },
  { path: '/mnt', target: 'var/mnt' },
  { path: '/usr/local', target: '../var/usrlocal' },
];

/** Directories that the boot process mounts or fills. */
const emptyDirectories = ['boot', 'dev', 'run', 'proc', 'sys', 'tmp', 'sysroot'];

/** Moves state into /var, links there, and empties what is made anew on each boot. */
export const topLevel: RootStep = {
  title: 'lay out the top level',
  async run({ root }) {
    for (const { path, target } of stateDirectories) {
      const host = join(root, path);
      await moveIntoVar(host, join(dirname(host), target));
      await symlink(target, host);
    }
    await removeKernelLinks(root);
    await replaceByLink(root, 'media', 'run/media');
    await replaceByLink(root, 'ostree', 'sysroot/ostree');
    for (const name of emptyDirectories) await makeEmpty(join(root, name), name === 'tmp' ? 0o1777 : 0o755);
  },
};

/** Moves a directory, or its entries if the target is there already; makes the target if there is nothing to move. */
async function moveIntoVar(from: string, to: string): Promise<void> {
  const stats = await lstat(from).catch(ignoreMissing);
  if (stats?.isSymbolicLink()) {
    await rm(from);
  } else if (stats !== undefined) {
    await mergeDirectory(from, to);
  }
  if ((await lstat(to).catch(ignoreMissing)) === undefined) await mkdir(to, { mode: 0o755 });
}

async function mergeDirectory(from: string, to: string): Promise<void> {
  const present = await lstat(to).catch(ignoreMissing);
  if (present === undefined) {
    await rename(from, to);
    return;
  }
  const moved = await lstat(from);
  if (!moved.isDirectory() || !present.isDirectory()) {
    throw new CosaError('STATE_CONFLICT', `${from} and ${to} both exist, and cannot be merged`, {
      hint: 'take one of them away with remove-files',
    });
  }
  for (const name of await readdir(from)) await mergeDirectory(join(from, name), join(to, name));
  await rmdir(from);
}

function ignoreMissing(error: unknown): undefined {
  if (isSystemError(error, 'ENOENT')) return undefined;
  throw error;
}

/** Packages of kernels leave links to /boot at the top: /vmlinuz, /initrd.img.old. */
async function removeKernelLinks(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!/^(vmlinuz|vmlinux|initrd\.img)(\.old)?$/.test(name)) continue;
    const host = join(root, name);
    if ((await lstat(host)).isSymbolicLink()) await rm(host);
  }
}

async function replaceByLink(root: string, name: string, target: string): Promise<void> {
  await rm(join(root, name), { recursive: true, force: true });
  await symlink(target, join(root, name));
}

async function makeEmpty(directory: string, mode: number): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  await chmod(directory, mode);
}
