import { run } from '../run.ts';
import { tools } from '../tools.ts';

/** Flushes the whole file system that a path lies on, once, whatever the number of files: syncfs(2). */
export async function syncFileSystem(path: string): Promise<void> {
  await run(tools.sync, ['--file-system', path]);
}
