import { isVendorDirectory } from '../../contract/grub-program.ts';
import { compareNaturally } from '../../lib/natural-order.ts';
import { namesInRoot, statInRoot } from '../../lib/root-files.ts';
import { resolveDirectoryInRoot } from '../../lib/root-path.ts';

/** What stands where a pattern looks. */
export interface FoundFile {
  /** Absolute path in the root, without links. */
  path: string;
  /** What `{vendor}` of the pattern stands for. */
  vendor: string | undefined;
}

/**
 * The first of these patterns that a file or directory of the root fits. A component `*` stands for any name, and `{vendor}` for
 * that of a distribution's directory; of several the last is taken: the newest version, as a rule.
 */
export async function firstPresent(root: string, patterns: readonly string[]): Promise<FoundFile | undefined> {
  for (const pattern of patterns) {
    const [found] = await allPresent(root, pattern);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All files and directories that fit a pattern, the newest version first. */
export async function allPresent(root: string, pattern: string): Promise<FoundFile[]> {
  let found: FoundFile[] = [{ path: '', vendor: undefined }];
  for (const part of pattern.split('/').slice(1)) {
    const next = found.map((parent) => below(root, parent, part));
    found = (await Promise.all(next)).flat();
  }
  const present: FoundFile[] = [];
  for (const { path, vendor } of found) {
    const resolved = await resolveDirectoryInRoot(root, path);
    const stats = await statInRoot(root, resolved);
    if (stats?.isFile() || stats?.isDirectory()) present.push({ path: resolved, vendor });
  }
  return present;
}

async function below(root: string, { path, vendor }: FoundFile, part: string): Promise<FoundFile[]> {
  if (part !== '*' && part !== '{vendor}') return [{ path: `${path}/${part}`, vendor }];
  const names = (await namesInRoot(root, path)).sort(compareNaturally).reverse();
  if (part === '*') return names.map((name) => ({ path: `${path}/${name}`, vendor }));
  return names.filter(isVendorDirectory).map((name) => ({ path: `${path}/${name}`, vendor: name }));
}
