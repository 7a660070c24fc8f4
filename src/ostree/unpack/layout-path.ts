import { verificationError } from '../../lib/errors.ts';

/** What an entry below the repository's objects is. */
export interface ObjectName {
  checksum: string;
  kind: 'commit' | 'commitmeta' | 'dirtree' | 'dirmeta' | 'file' | 'file-xattrs' | 'file-xattrs-link';
}

const objectsPrefix = 'sysroot/ostree/repo/objects/';
const objectPattern =
  /^([0-9a-f]{2})\/([0-9a-f]{62})\.(commit|commitmeta|dirtree|dirmeta|file|file-xattrs|file-xattrs-link)$/;

/** PATH_MAX: nobody can unpack what is longer. */
const maximumPathLength = 4096;

/**
 * A tar entry's name as a path relative to the root, without a slash at its end; empty for the root itself.
 * @throws CosaError `LAYER_PATH` (exit 4) for what an honest writer never writes: absolute, too long, or with
 *   `.`, `..` or empty parts
 */
export function normalizePath(name: string, layer: string): string {
  if (name === './' || name === '.' || name === '/') return '';
  const path = name.endsWith('/') ? name.slice(0, -1) : name;
  if (path.length > maximumPathLength) {
    throw pathError(layer, `${name.slice(0, 100)}…`, `is longer than ${maximumPathLength} characters`);
  }
  if (path.startsWith('/')) throw pathError(layer, name, 'is absolute');
  for (const part of path.split('/')) {
    if (part === '..') throw pathError(layer, name, 'leads out of the image with ".."');
    if (part === '.' || part === '') throw pathError(layer, name, 'has an empty or "." part');
  }
  return path;
}

/**
 * The repository object that a normalized path stands for, or `undefined` for anything else.
 * @throws CosaError `LAYER_PATH` (exit 4) for a file among the objects that is none
 */
export function parseObjectPath(path: string, layer: string): ObjectName | undefined {
  if (!path.startsWith(objectsPrefix)) return undefined;
  const rest = path.slice(objectsPrefix.length);
  const match = objectPattern.exec(rest);
  if (match !== null) {
    const [, directory, name, kind] = match as unknown as [string, string, string, ObjectName['kind']];
    return { checksum: directory + name, kind };
  }
  // The 256 directories.
  if (/^[0-9a-f]{2}$/.test(rest)) return undefined;
  throw pathError(layer, path, 'is not an ostree object');
}

const untrusted = { hint: 'no tool that builds images writes this: do not trust the image' };

/** The error for an entry that cannot be what it says. */
export function pathError(layer: string, name: string, problem: string, { hint } = untrusted) {
  return verificationError('LAYER_PATH', `layer ${layer}: entry ${JSON.stringify(name)} ${problem}`, { hint });
}
