import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeDirectory } from '../lib/directories.ts';

/** Programs that packages' scripts call and that must do nothing in a build. */
export const silencedPrograms: readonly string[] = [
  // An initramfs for the build machine's kernel and hardware, thrown away later, takes longer than all the rest.
  '/usr/bin/dracut',
  '/usr/sbin/update-initramfs',
  // Kernels are installed where the system boots from later.
  '/usr/bin/kernel-install',
  // Host keys belong to a machine, not to an image.
  '/usr/bin/ssh-keygen',
];

/** Fills a directory with programs of those names that do nothing, to stand first in PATH. It is made if missing. */
export async function writeSilencedPrograms(directory: string): Promise<void> {
  await makeDirectory(directory);
  for (const path of silencedPrograms) {
    await writeFile(join(directory, basename(path)), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  }
}
