import { type CosaError, verificationError } from '../../lib/errors.ts';
import type { CommitDirectory } from '../../ostree/unpack/directories.ts';

// A container is hostile: a symbolic link in the place of a directory would lead elsewhere for whoever follows it.

/** What a path in a commit is. Whether an entry is a file or a symbolic link shows when its content comes. */
type CommitEntry = { kind: 'directory'; directory: CommitDirectory } | { kind: 'file or link'; checksum: string };

/**
 * Looks a path up.
 * @param path absolute: `/usr/lib/os-release`
 * @returns `undefined` if it, or a directory on the way, does not exist
 * @throws CosaError `CONTAINER_PATH` (exit 4) if something on the way is not a directory
 */
function findEntry(root: CommitDirectory, path: string): CommitEntry | undefined {
  const names = path.split('/').slice(1);
  let directory = root;
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1;
    const below = directory.directories.get(name);
    if (below !== undefined) {
      directory = below;
      continue;
    }
    const checksum = directory.files.get(name);
    if (checksum === undefined) return undefined;
    if (isLast) return { kind: 'file or link', checksum };
    throw containerPath(`/${names.slice(0, index + 1).join('/')}`, 'is not a directory');
  }
  return { kind: 'directory', directory };
}

/**
 * A directory that may be missing.
 * @throws CosaError `CONTAINER_PATH` (exit 4)
 */
export function findDirectory(root: CommitDirectory, path: string): CommitDirectory | undefined {
  const entry = findEntry(root, path);
  if (entry === undefined) return undefined;
  if (entry.kind !== 'directory') throw containerPath(path, 'is not a directory');
  return entry.directory;
}

/**
 * A directory that must be there.
 * @throws CosaError `CONTAINER_PATH` (exit 4)
 */
export function requireDirectory(root: CommitDirectory, path: string): CommitDirectory {
  const directory = findDirectory(root, path);
  if (directory === undefined) throw containerPath(path, 'is missing');
  return directory;
}

/**
 * The content checksum of a file that may be missing.
 * @throws CosaError `CONTAINER_PATH` (exit 4)
 */
export function findFileChecksum(root: CommitDirectory, path: string): string | undefined {
  const entry = findEntry(root, path);
  if (entry === undefined) return undefined;
  if (entry.kind === 'directory') throw containerPath(path, 'is not a regular file');
  return entry.checksum;
}

/** The error for a path that is not what it must be. */
export function containerPath(path: string, what: string): CosaError {
  return verificationError('CONTAINER_PATH', `${path} in the container ${what}`);
}
