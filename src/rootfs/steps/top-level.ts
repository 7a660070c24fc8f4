import { chmod, symlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import { makeDirectoryInRoot, namesInRoot, removeInRoot, renameInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
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
      await moveIntoVar(root, path, posix.join(posix.dirname(path), target));
      await symlink(target, await hostPath(root, path));
    }
    await removeKernelLinks(root);
    await replaceByLink(root, 'media', 'run/media');
    await replaceByLink(root, 'ostree', 'sysroot/ostree');
    for (const name of emptyDirectories) await makeEmpty(root, `/${name}`, name === 'tmp' ? 0o1777 : 0o755);
  },
};

/** Moves a directory, or its entries if the target is there already; makes the target if there is nothing to move. */
async function moveIntoVar(root: string, from: string, to: string): Promise<void> {
  const stats = await statInRoot(root, from);
  if (stats?.isSymbolicLink()) await removeInRoot(root, from);
  else if (stats !== undefined) await mergeDirectory(root, from, to);
  if ((await statInRoot(root, to)) === undefined) await makeDirectoryInRoot(root, to);
}

async function mergeDirectory(root: string, from: string, to: string): Promise<void> {
  const present = await statInRoot(root, to);
  if (present === undefined) {
    await renameInRoot(root, from, to);
    return;
  }
  const moved = await statInRoot(root, from);
  if (!moved?.isDirectory() || !present.isDirectory()) {
    throw new CosaError('STATE_CONFLICT', `${from} and ${to} of the root both exist, and cannot be merged`, {
      hint: 'take one of them away with remove-files',
    });
  }
  for (const name of await namesInRoot(root, from)) await mergeDirectory(root, `${from}/${name}`, `${to}/${name}`);
  await removeInRoot(root, from);
}

/** Packages of kernels leave links to /boot at the top: /vmlinuz, /initrd.img.old. */
async function removeKernelLinks(root: string): Promise<void> {
  for (const name of await namesInRoot(root, '/')) {
    if (!/^(vmlinuz|vmlinux|initrd\.img)(\.old)?$/.test(name)) continue;
    if ((await statInRoot(root, `/${name}`))?.isSymbolicLink()) await removeInRoot(root, `/${name}`);
  }
}

async function replaceByLink(root: string, name: string, target: string): Promise<void> {
  await removeInRoot(root, `/${name}`);
  await symlink(target, await hostPath(root, `/${name}`));
}

async function makeEmpty(root: string, path: string, mode: number): Promise<void> {
  await removeInRoot(root, path);
  await makeDirectoryInRoot(root, path);
  await chmod(await hostPath(root, path), mode);
}
