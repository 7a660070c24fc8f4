import { namesInRoot, statInRoot } from '../lib/root-files.ts';
import { resolveDirectoryInRoot } from '../lib/root-path.ts';

/**
 * The first of these paths that is a file or directory of the root. A component `*` stands for any name; of
 * several the last in byte order is taken.
 * @returns absolute path in the root, without links
 */
export async function firstPresent(root: string, patterns: readonly string[]): Promise<string | undefined> {
  for (const pattern of patterns) {
    for (const path of (await expand(root, pattern)).reverse()) {
      const resolved = await resolveDirectoryInRoot(root, path);
      const stats = await statInRoot(root, resolved);
      if (stats?.isFile() || stats?.isDirectory()) return resolved;
    }
  }
  return undefined;
}

async function expand(root: string, pattern: string): Promise<string[]> {
  const [before, ...rest] = pattern.split('/*/');
  if (before === undefined || rest.length === 0) return [pattern];
  const names = await namesInRoot(root, before);
  return names.map((name) => `${before}/${name}/${rest.join('/*/')}`);
}
