import { posix } from 'node:path';
import { compareBytes } from '../../lib/order.ts';
import { readTextInRoot, statInRoot } from '../../lib/root-files.ts';
import { resolveInRoot } from '../../lib/root-path.ts';
import { joinedTexts, type Tracked } from './tracked.ts';

/** A path name in a script: two components or more below one of the system's directories. */
const pathPattern = /\/(?:etc|usr|lib|lib64|bin|sbin)(?:\/[A-Za-z0-9._@+-]+)+/g;

/** The rest of a path that begins with a variable: `$r/ostree/prepare-root.conf`. */
const suffixPattern = /\$\{?\w+\}?((?:\/[A-Za-z0-9._@+-]+)+)/g;

/** What such variables stand for. A wrong guess costs nothing: it is tracked as absent. */
const suffixBases = ['/etc', '/usr', '/usr/lib', '/usr/share'];

/** dracut's own code and configuration: all of it counts. */
const dracutPlaces = ['/usr/lib/dracut', '/etc/dracut.conf', '/etc/dracut.conf.d'];

/** Directories of programs: dracut asks whether one is there. */
const programDirectories = ['/usr/bin', '/usr/sbin'];

/** Too large to read, or held by packages alone: the names in them are enough. */
const namesAreEnough = ['/usr/lib/modules', '/usr/lib/firmware', '/usr/share'];

/**
 * What of the root an initramfs depends on. The packages as they were installed are not counted, for
 * they are part of the cache's key; this is about what overlays and scripts may have changed since:
 * - the content of every file that is in the image,
 * - the content of every file, or its absence, that dracut's scripts name, as a whole or after a variable,
 * - the names below every directory that they name, and the contents too where it holds configuration (`*.d`),
 * - dracut's own code and configuration.
 * Too much does no harm but a rebuild; so names are taken from the scripts' whole text.
 * @param imagePaths paths of the files in the image, absolute
 */
export async function initramfsDependencies(
  root: string,
  kernelRelease: string,
  imagePaths: readonly string[],
): Promise<Tracked[]> {
  const list = new Map<string, Tracked['what']>();
  const add = (path: string, what: Tracked['what']) => {
    // What says more wins.
    if (list.get(path) !== 'contents') list.set(path, what);
  };
  for (const path of await mentionedPaths(root)) {
    const what = await trackedAs(root, path);
    if (what !== undefined) add(path, what);
  }
  for (const path of imagePaths) {
    const kind = await kindOf(root, path);
    if (kind === 'file') add(path, 'content');
  }
  add(`/usr/lib/modules/${kernelRelease}`, 'names');
  add(`/usr/lib/modules/${kernelRelease}/modules.dep`, 'content');
  for (const path of programDirectories) add(path, 'names');
  for (const path of dracutPlaces) add(path, 'contents');
  return [...list].map(([path, what]) => ({ what, path })).sort((a, b) => compareBytes(a.path, b.path));
}

async function mentionedPaths(root: string): Promise<Set<string>> {
  const modules = await joinedTexts(root, '/usr/lib/dracut', ['.sh', '.conf']);
  const program = await readTextInRoot(root, '/usr/bin/dracut');
  const text = `${modules}\n${program}`;
  const mentioned = [...text.matchAll(pathPattern)].map(([path]) => path);
  for (const [, suffix = ''] of text.matchAll(suffixPattern)) {
    mentioned.push(...suffixBases.map((base) => `${base}${suffix}`));
  }
  const found = new Set<string>();
  for (const path of new Set(mentioned)) found.add(await resolveInRoot(root, posix.normalize(path)));
  return found;
}

async function trackedAs(root: string, path: string): Promise<Tracked['what'] | undefined> {
  const kind = await kindOf(root, path);
  if (kind !== 'directory') return 'content';
  // /usr/bin, /usr/lib, /etc and their like are named as places, not as something to copy.
  if (path.split('/').length <= (path.startsWith('/etc/') ? 2 : 3)) return undefined;
  if (namesAreEnough.some((directory) => path === directory || path.startsWith(`${directory}/`))) return 'names';
  return path.endsWith('.d') ? 'contents' : 'names';
}

async function kindOf(root: string, path: string): Promise<'none' | 'directory' | 'file'> {
  const stats = await statInRoot(root, path);
  if (stats === undefined) return 'none';
  return stats.isDirectory() ? 'directory' : 'file';
}
