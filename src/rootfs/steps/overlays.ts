import { chmod, constants, copyFile, lchown, lutimes, mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import { removeInRoot, statInRoot } from '../../lib/root-files.ts';
import { climbsOut, hostPath, resolveDirectoryInRoot, resolveInRoot } from '../../lib/root-path.ts';
import type { RootContext, RootStep } from '../context.ts';
import { warnOfLost } from '../lost-paths.ts';
import type { Overlay, OverlayEntry } from '../request.ts';

/** Copies the overlays over the tree. Links of the root are followed in directories (`/lib/x`), and never out of it. */
export const overlays: RootStep = {
  title: 'copy overlays',
  async run(context) {
    for (const overlay of context.request.overlays) {
      const paths: string[] = [];
      for (const entry of overlay.entries) {
        await placeEntry(context, overlay, entry);
        if (entry.type !== 'directory') paths.push(await resolveInRoot(context.root, installedPath(entry.path)));
        if (entry.type === 'file') await warnOfLineEnds(context, overlay, entry.path);
      }
      warnOfLost(context.reporter, `overlay ${overlay.name}`, paths);
    }
  },
};

/** What an ostree tree has in /usr/etc lies in /etc until the end. */
function installedPath(path: string): string {
  return path.replace(/^usr\/etc(?=\/|$)/, 'etc');
}

async function placeEntry(context: RootContext, overlay: Overlay, entry: OverlayEntry): Promise<void> {
  const path = await resolveInRoot(context.root, installedPath(entry.path));
  if (entry.type === 'directory') return placeDirectory(context, overlay, entry);
  const present = await kindOf(context.root, path);
  if (present === 'directory') {
    throw conflict(overlay, entry, 'the packages have a directory there');
  }
  // Never written through: a link would lead elsewhere, and a hard link would change its other names.
  await removeInRoot(context.root, path);
  const destination = await hostPath(context.root, path);
  if (entry.type === 'symlink') {
    if (climbsOut(installedPath(entry.path), entry.target)) {
      const message = `overlay ${overlay.name}: the link /${entry.path} → ${entry.target} leads out of the root`;
      throw new CosaError('OVERLAY_LINK_ESCAPES', message, {
        hint: 'let it point to an absolute path, or go up fewer directories',
      });
    }
    await symlink(entry.target, destination);
  } else {
    await copyFile(join(overlay.directory, entry.path), destination, constants.COPYFILE_EXCL);
  }
  await makeOurs(destination);
  if (entry.type === 'file') await chmod(destination, entry.mode);
  // dracut copies modification times into the initramfs: the checkout's must not show there.
  await lutimes(destination, 0, 0);
  context.generated.set(path, `overlay/${overlay.name}`);
}

async function placeDirectory(
  context: RootContext,
  overlay: Overlay,
  entry: OverlayEntry & { type: 'directory' },
): Promise<void> {
  // An overlay's /lib is the root's /usr/lib: the last component is followed too.
  const path = await resolveDirectoryInRoot(context.root, installedPath(entry.path));
  const destination = await hostPath(context.root, path);
  const present = await kindOf(context.root, path);
  if (present === 'other') throw conflict(overlay, entry, 'the packages have a file there');
  if (present === 'none') {
    await mkdir(destination);
    await makeOurs(destination);
    await chmod(destination, entry.mode);
  } else if (entry.mode !== defaultDirectoryMode) {
    // A mode that the overlay states is meant; the usual one leaves the packages' directory as it is.
    await chmod(destination, entry.mode);
  }
}

const defaultDirectoryMode = 0o755;

/** The kernel looks for an interpreter whose name ends in a carriage return: "no such file or directory", of a file that is there. */
async function warnOfLineEnds({ reporter }: RootContext, overlay: Overlay, path: string): Promise<void> {
  const begin = Buffer.alloc(256);
  await using file = await open(join(overlay.directory, path));
  const { bytesRead } = await file.read(begin, 0, begin.length, 0);
  if (!/^#![^\n]*\r\n/.test(begin.toString('latin1', 0, bytesRead))) return;
  reporter.warn(
    `overlay ${overlay.name}: the script ${JSON.stringify(`/${path}`)} has the line ends of Windows (CR LF), and will not run`,
    'save it with the line ends of Unix, and let git leave them alone: "* -text" in .gitattributes',
  );
}

/** Owner and group of whoever builds, who is root of the namespace: a set-group-ID directory would give its own group. */
async function makeOurs(path: string): Promise<void> {
  await lchown(path, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
}

async function kindOf(root: string, path: string): Promise<'none' | 'directory' | 'other'> {
  const stats = await statInRoot(root, path);
  if (stats === undefined) return 'none';
  return stats.isDirectory() ? 'directory' : 'other';
}

function conflict(overlay: Overlay, entry: OverlayEntry, reason: string): CosaError {
  return new CosaError(
    'OVERLAY_CONFLICT',
    `overlay ${overlay.name} has a ${entry.type} at /${entry.path}, but ${reason}`,
    {
      hint: 'rename it in the overlay, or take the other away with remove-files or in a package list',
    },
  );
}
