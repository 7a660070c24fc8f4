import { chmod, copyFile, lchown, lutimes } from 'node:fs/promises';
import { posix } from 'node:path';
import { makeDirectoryInRoot, removeInRoot } from '../../lib/root-files.ts';
import { hostPath, resolveDirectoryInRoot, resolveInRoot } from '../../lib/root-path.ts';
import type { RootStep } from '../context.ts';

/** Copies single files of the config into the tree, as rpm-ostree does it: after `remove-files`, before scripts. */
export const addFiles: RootStep = {
  title: 'add files',
  async run({ root, request, generated }) {
    for (const { source, path: named, mode } of request.addedFiles) {
      const directory = await resolveDirectoryInRoot(root, posix.dirname(posix.join('/', named)));
      await makeDirectoryInRoot(root, directory);
      const path = await resolveInRoot(root, posix.join(directory, posix.basename(named)));
      await removeInRoot(root, path);
      const destination = await hostPath(root, path);
      await copyFile(source, destination);
      await lchown(destination, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
      await chmod(destination, mode);
      // dracut copies modification times into the initramfs: the checkout's must not show there.
      await lutimes(destination, 0, 0);
      generated.set(path, addedComponent);
    }
  },
};

/** The layer plan has them together: they are few and small. */
const addedComponent = 'added-files';
