import { chmod, constants, copyFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { makeDirectoryInRoot, removeInRoot, replaceInRoot } from '../../lib/root-files.ts';
import { hostDirectory, hostPath } from '../../lib/root-path.ts';
import type { RootContext } from '../context.ts';

/** The component of everything that boots a machine: it changes together. */
export const bootLoaderComponent = 'boot-loader';

/** Copies a file of the root to where disks take it from, readable for all. */
export async function copyLoader(context: RootContext, from: string, to: string): Promise<void> {
  const { root } = context;
  await makeDirectoryInRoot(root, posix.dirname(to));
  await removeInRoot(root, to);
  const host = await hostPath(root, to);
  await copyFile(await hostDirectory(root, from), host, constants.COPYFILE_EXCL);
  await chmod(host, 0o644);
  context.generated.set(to, bootLoaderComponent);
}

/** Writes a file to where disks take it from. */
export async function writeLoader(context: RootContext, to: string, text: string): Promise<void> {
  await replaceInRoot(context.root, to, text);
  context.generated.set(to, bootLoaderComponent);
}
