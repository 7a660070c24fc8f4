import { lstat, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { CosaError, isSystemError } from './errors.ts';
import { ifExists, isMissing } from './if-exists.ts';

/** As the kernel's limit (MAXSYMLINKS). */
const maximumLinks = 40;

/**
 * Where a path of the root lies on the host. Symbolic links in the directories are followed as inside the
 * root: absolute targets begin at the root, and `..` ends there, so the result never leaves it. The last
 * component is not followed, and need not exist. The tree must not change meanwhile.
 * @returns absolute path in the root, without links in its directories: `/lib/x` → `/usr/lib/x`
 * @throws CosaError `ROOT_LINK_LOOP`
 */
export async function resolveInRoot(root: string, path: string): Promise<string> {
  return follow(root, path, path);
}

/** @param shown the path as messages call it */
async function follow(root: string, path: string, shown: string): Promise<string> {
  const pending = path.split('/').reverse();
  const resolved: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      resolved.pop();
      continue;
    }
    resolved.push(name);
    if (!pending.some((rest) => rest !== '' && rest !== '.')) break;
    const target = await linkTarget(join(root, ...resolved));
    if (target === undefined) continue;
    links += 1;
    if (links > maximumLinks) {
      throw new CosaError(
        'ROOT_LINK_LOOP',
        `${shown} in the root goes through more than ${maximumLinks} symbolic links`,
      );
    }
    if (target.startsWith('/')) resolved.length = 0;
    else resolved.pop();
    pending.push(...target.split('/').reverse());
  }
  return `/${resolved.join('/')}`;
}

/** As {@link resolveInRoot}, for a directory: the last component is followed too. */
export async function resolveDirectoryInRoot(root: string, path: string): Promise<string> {
  return posix.dirname(await follow(root, `${path}/.entry`, path));
}

/** As {@link resolveInRoot}, as a host path. */
export async function hostPath(root: string, path: string): Promise<string> {
  return join(root, await resolveInRoot(root, path));
}

/**
 * As {@link resolveDirectoryInRoot}, for many directories of a tree that does not change meanwhile.
 * @returns takes normalized absolute paths in the root
 */
export function directoryResolver(root: string): (directory: string) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  async function resolve(directory: string): Promise<string> {
    if (directory === '/') return directory;
    // One call where it is no link itself, as nearly everywhere.
    const place = posix.join(await resolver(posix.dirname(directory)), posix.basename(directory));
    return (await isDirectory(join(root, place))) ? place : resolveDirectoryInRoot(root, directory);
  }
  function resolver(directory: string): Promise<string> {
    const found = known.get(directory) ?? resolve(directory);
    known.set(directory, found);
    return found;
  }
  return resolver;
}

async function isDirectory(host: string): Promise<boolean> {
  return (await ifExists(lstat(host)))?.isDirectory() ?? false;
}

/** As {@link resolveDirectoryInRoot}, as a host path. */
export async function hostDirectory(root: string, path: string): Promise<string> {
  return join(root, await resolveDirectoryInRoot(root, path));
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    // Not a link, or not there yet.
    if (isSystemError(error, 'EINVAL') || isMissing(error)) return undefined;
    throw error;
  }
}

/** True if a relative link target, read at `path`, climbs above the root: outside it names another file than inside. */
export function climbsOut(path: string, target: string): boolean {
  if (target.startsWith('/')) return false;
  let depth = path.split('/').filter((part) => part !== '').length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
