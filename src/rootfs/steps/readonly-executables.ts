import { chmod, lstat } from 'node:fs/promises';
import type { RootStep } from '../context.ts';
import { walkTree } from '../walk.ts';

const anyExecute = 0o111;
const anyWrite = 0o222;
const permissions = 0o7777;

/**
 * Takes the write bits from the executables of packages, if the config wants that. As in rpm-ostree, what overlays and
 * scripts bring later keeps the modes that they give it.
 */
export const readonlyExecutables: RootStep = {
  title: 'make executables read-only',
  async run({ root, request }) {
    if (!request.readonlyExecutables) return;
    for await (const { host, entry } of walkTree(root)) {
      if (!entry.isFile()) continue;
      const { mode } = await lstat(host);
      if ((mode & anyExecute) !== 0 && (mode & anyWrite) !== 0) await chmod(host, mode & permissions & ~anyWrite);
    }
  },
};
