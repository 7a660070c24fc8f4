import { chmod, readlink, symlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { CosaError, usageError } from '../../lib/errors.ts';
import { makeDirectoryInRoot, namesInRoot, removeInRoot, renameInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import type { RootStep } from '../context.ts';
import { emptyDirectories, linkedDirectories } from '../lost-paths.ts';
import type { RootfsRequest } from '../request.ts';

/**
 * Directories whose content is the machine's own, and where it lives: /var is shared by all deployments.
 * https://ostreedev.github.io/ostree/adapting-existing/
 */
const stateDirectories: readonly { path: string; target: string; optUsrlocal?: true }[] = [
  { path: '/home', target: 'var/home' },
  { path: '/root', target: 'var/roothome' },
  { path: '/opt', target: 'var/opt', optUsrlocal: true },
  { path: '/srv', target: 'var/srv' },
  { path: '/mnt', target: 'var/mnt' },
  { path: '/usr/local', target: '../var/usrlocal', optUsrlocal: true },
];

/** Moves state into /var, links there, and empties what is made anew on each boot. */
export const topLevel: RootStep = {
  title: 'lay out the top level',
  async run({ root, request }) {
    for (const { path, target: usual, optUsrlocal = false } of stateDirectories) {
      const target = optUsrlocal ? systemTarget(path, usual, request.optUsrlocal) : usual;
      if (await isKeptLink(root, path, target ?? usual)) continue;
      if (target === undefined) {
        await makeDirectoryInRoot(root, path);
        continue;
      }
      await moveTo(root, path, posix.join(posix.dirname(path), target));
      await symlink(target, await hostPath(root, path));
    }
    await removeKernelLinks(root);
    for (const [path, target] of Object.entries(linkedDirectories)) await replaceByLink(root, path, target);
    for (const path of emptyDirectories) await makeEmpty(root, path, path === '/tmp' ? 0o1777 : 0o755);
  },
};

/** Where /opt or /usr/local lead; `undefined` where they stay. An overlay cannot lie at the top, which is read-only. */
function systemTarget(path: string, usual: string, kind: RootfsRequest['optUsrlocal']): string | undefined {
  if (kind === 'var') return usual;
  return kind === 'state-overlay' && path === '/opt' ? 'usr/lib/opt' : undefined;
}

/**
 * True for a link that the config has made, which stays: `/srv` → `usr/lib/srv` is how content that updates replace gets
 * there. No package brings such a link.
 * @throws CosaError `STATE_LINK` (exit 2) if it leads to where nothing of an ostree system lies
 */
async function isKeptLink(root: string, path: string, usual: string): Promise<boolean> {
  if (!(await statInRoot(root, path))?.isSymbolicLink()) return false;
  const target = await readlink(await hostPath(root, path));
  const resolved = posix.resolve(posix.dirname(path), target);
  if (resolved === posix.resolve(posix.dirname(path), usual)) return false;
  if (resolved.startsWith('/usr/')) return true;
  if (resolved.startsWith('/var/')) {
    await makeDirectoryInRoot(root, resolved);
    return true;
  }
  throw usageError('STATE_LINK', `${path} is a link to ${target}, which is not part of an ostree system`, {
    hint: "let it lead to something below /usr, which updates replace, or below /var, which is the machine's",
  });
}

/** Moves a directory, or its entries if the target is there already; makes the target if there is nothing to move. */
async function moveTo(root: string, from: string, to: string): Promise<void> {
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

async function replaceByLink(root: string, path: string, target: string): Promise<void> {
  await removeInRoot(root, path);
  await symlink(target, await hostPath(root, path));
}

async function makeEmpty(root: string, path: string, mode: number): Promise<void> {
  await removeInRoot(root, path);
  await makeDirectoryInRoot(root, path);
  await chmod(await hostPath(root, path), mode);
}
