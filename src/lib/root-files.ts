import { constants, type Dirent, lstatSync, type Stats } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { CosaError, isSystemError } from './errors.ts';
import { ifExists, isMissing } from './if-exists.ts';
import { compareBytes } from './order.ts';
import { hostDirectory, hostPath, resolveDirectoryInRoot, resolveInRoot } from './root-path.ts';

/*
 * The only way to a file of a root: symbolic links, the last one too, lead where they lead for a program that has
 * the root as `/`, and never to a file of the host. What is read is a regular file: a pipe would never end.
 */

/** A link there stands for an empty file, by which systemd masks one: a root has no devices of its own. */
const nullDevice = '/dev/null';

/**
 * A file's bytes.
 * @throws CosaError `ROOT_FILE_MISSING`, `ROOT_FILE_KIND`, `ROOT_LINK_LOOP`, naming the path in the root
 */
export async function readBytesInRoot(root: string, path: string): Promise<Buffer> {
  const resolved = await resolveDirectoryInRoot(root, path);
  if (resolved === nullDevice) return Buffer.alloc(0);
  const handle = await openRegular(root, path, resolved);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** A file's text; see {@link readBytesInRoot}. */
export async function readTextInRoot(root: string, path: string): Promise<string> {
  return (await readBytesInRoot(root, path)).toString('utf8');
}

/** As {@link readTextInRoot}, or `undefined` if nothing is there, or a link that leads nowhere. */
export async function readTextInRootIfExists(root: string, path: string): Promise<string | undefined> {
  return (await readBytesInRootIfExists(root, path))?.toString('utf8');
}

/** As {@link readBytesInRoot}, or `undefined` if nothing is there, or a link that leads nowhere. */
export async function readBytesInRootIfExists(root: string, path: string): Promise<Buffer | undefined> {
  try {
    return await readBytesInRoot(root, path);
  } catch (error) {
    if (error instanceof CosaError && error.code === 'ROOT_FILE_MISSING') return undefined;
    throw error;
  }
}

/**
 * Gives a file other content. One that is there keeps its owner and permissions, and is written where its links lead.
 * Directories that are missing are made.
 * @param mode of a file that is new
 * @throws CosaError `ROOT_FILE_KIND` for anything but a regular file, `ROOT_LINK_LOOP`
 */
export async function writeTextInRoot(root: string, path: string, text: string, mode = 0o644): Promise<void> {
  const resolved = await resolveDirectoryInRoot(root, path);
  await makeDirectoryInRoot(root, posix.dirname(resolved));
  const isNew = (await statInRoot(root, resolved)) === undefined;
  const handle = isNew
    ? await open(join(root, resolved), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode)
    : await openRegular(root, path, resolved, constants.O_WRONLY);
  try {
    await handle.truncate();
    await handle.writeFile(text);
    // Whatever the caller's umask.
    if (isNew) await handle.chmod(mode);
  } finally {
    await handle.close();
  }
}

/** Puts a new file in the place of whatever has this name; a link there is not followed. Directories are made. */
export async function replaceInRoot(root: string, path: string, text: string, mode = 0o644): Promise<void> {
  await removeInRoot(root, path);
  await writeTextInRoot(root, await resolveInRoot(root, path), text, mode);
}

/** What lies at a path, `undefined` if nothing does. A link in the last place is not followed. */
export async function statInRoot(root: string, path: string): Promise<Stats | undefined> {
  return statResolved(root, await resolveInRoot(root, path));
}

/**
 * As {@link statInRoot}, for a path whose directories are known to be no links. Waits for the system call: a promise for
 * each of thousands of paths takes longer than it does.
 */
export function statResolved(root: string, path: string): Stats | undefined {
  try {
    return lstatSync(join(root, path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** True if a directory is there, or a link to one. */
export async function isDirectoryInRoot(root: string, path: string): Promise<boolean> {
  return (await statInRoot(root, await resolveDirectoryInRoot(root, path)))?.isDirectory() ?? false;
}

/** The entries of a directory in byte order of their names; none if there is no directory. */
export async function entriesInRoot(root: string, path: string): Promise<Dirent[]> {
  const entries = (await ifExists(readdir(await hostDirectory(root, path), { withFileTypes: true }))) ?? [];
  return entries.sort((a, b) => compareBytes(a.name, b.name));
}

/** The names in a directory in byte order; none if there is no directory. */
export async function namesInRoot(root: string, path: string): Promise<string[]> {
  return (await entriesInRoot(root, path)).map(({ name }) => name);
}

/**
 * Makes a directory and those above it, where links in the path lead; owner and mode of those that are there stay.
 * @returns absolute path in the root, without links
 */
export async function makeDirectoryInRoot(root: string, path: string): Promise<string> {
  const resolved = await resolveDirectoryInRoot(root, path);
  let host = root;
  for (const name of resolved.split('/').slice(1)) {
    host = join(host, name);
    try {
      await mkdir(host);
      // Whatever the caller's umask.
      await chmod(host, 0o755);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
    }
  }
  return resolved;
}

/** Removes what has this name, be it a link or a whole directory; nothing if nothing has. */
export async function removeInRoot(root: string, path: string): Promise<void> {
  if ((await statInRoot(root, path)) !== undefined) await rm(await hostPath(root, path), { recursive: true });
}

/** Renames within the root. Links in the last places are not followed; missing directories of the target are made. */
export async function renameInRoot(root: string, from: string, to: string): Promise<void> {
  await makeDirectoryInRoot(root, posix.dirname(to));
  await rename(await hostPath(root, from), await hostPath(root, to));
}

async function openRegular(root: string, path: string, resolved: string, flags: number = constants.O_RDONLY) {
  const stats = await statInRoot(root, resolved);
  if (stats === undefined) throw new CosaError('ROOT_FILE_MISSING', `the root has no ${describe(path, resolved)}`);
  if (!stats.isFile()) {
    throw new CosaError('ROOT_FILE_KIND', `${describe(path, resolved)} in the root is not a regular file`);
  }
  return open(join(root, resolved), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** The path as it was asked for, and where its links lead. */
function describe(path: string, resolved: string): string {
  const asked = posix.join('/', path);
  return asked === resolved ? asked : `${asked} (a link to ${resolved})`;
}
