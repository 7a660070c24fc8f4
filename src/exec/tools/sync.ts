import { run } from '../run.ts';
import type { Tool } from '../tool.ts';

export const sync: Tool = {
  name: 'sync',
  packages: { deb: 'coreutils', rpm: 'coreutils' },
  purpose: 'flushes what it keeps to disk',
};

/** Flushes the whole file system that a path lies on, once, whatever the number of files: syncfs(2). */
export async function syncFileSystem(path: string): Promise<void> {
  await run(sync, ['--file-system', path]);
}
