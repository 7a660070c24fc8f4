import { posix } from 'node:path';
import { makeDirectoryInRoot, namesInRoot, renameInRoot, statInRoot } from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';

const packaged = '/boot/efi/EFI';
const kept = '/usr/lib/ostree-boot/efi/EFI';

/**
 * Keeps the boot loaders that packages have in /boot, of which nothing stays: where rpm-ostree puts them, too, and where scripts
 * of configs look for them, as bootupd does.
 */
export const ostreeBoot: RootStep = {
  title: 'keep the boot loaders of /boot',
  async run({ root }) {
    if ((await namesInRoot(root, packaged)).length === 0) return;
    if ((await statInRoot(root, kept)) !== undefined) return;
    await makeDirectoryInRoot(root, posix.dirname(kept));
    await renameInRoot(root, packaged, kept);
  },
};
