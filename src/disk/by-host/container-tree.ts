import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verificationError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { sortByBytes } from '../../lib/order.ts';

// A checked-out container is hostile: a symbolic link in the place of a file would read the host's files. So each
// part of a path must be what it should be. Nobody else writes the tree meanwhile, so checking first is enough.

/**
 * Reads a file of a checked-out container.
 * @param path relative to the tree
 * @returns `undefined` if it, or a directory on the way, does not exist
 * @throws CosaError `CONTAINER_PATH` (exit 4) for a symbolic link or anything else but a file, or a file that is larger
 */
export async function readTreeFile(tree: string, path: string, maximumBytes: number): Promise<Buffer | undefined> {
  const found = await kindOf(tree, path);
  if (found === undefined) return undefined;
  if (found.kind !== 'file') throw unexpected(path, 'is not a regular file');
  if (found.size > maximumBytes) throw unexpected(path, `has ${found.size} bytes; ${maximumBytes} are permitted`);
  return readFile(join(tree, path));
}

/**
 * Copies a directory of a checked-out container with everything in it.
 * @param maximumBytes of all files together
 * @returns false if it does not exist
 * @throws CosaError `CONTAINER_PATH` (exit 4) for symbolic links and special files in it, or too many bytes
 */
export async function copyTreeDirectory(
  tree: string,
  path: string,
  destination: string,
  maximumBytes: number,
): Promise<boolean> {
  const top = await kindOf(tree, path);
  if (top === undefined) return false;
  if (top.kind !== 'directory') throw unexpected(path, 'is not a directory');
  let left = maximumBytes;
  async function copy(from: string, to: string): Promise<void> {
    await mkdir(to);
    for (const name of sortByBytes(await readdir(join(tree, from)))) {
      const child = join(from, name);
      const found = await kindOf(tree, child);
      if (found?.kind === 'directory') {
        await copy(child, join(to, name));
        continue;
      }
      if (found?.kind !== 'file') throw unexpected(child, 'is neither a file nor a directory');
      left -= found.size;
      if (left < 0) throw unexpected(path, `holds more than ${maximumBytes} bytes`);
      await copyFile(join(tree, child), join(to, name), constants.COPYFILE_EXCL);
    }
  }
  await copy(path, destination);
  return true;
}

async function kindOf(
  tree: string,
  path: string,
): Promise<{ kind: 'file' | 'directory' | 'other'; size: number } | undefined> {
  const parts = path.split('/');
  let walked = tree;
  for (const [index, part] of parts.entries()) {
    walked = join(walked, part);
    const found = await ifExists(lstat(walked));
    if (found === undefined) return undefined;
    if (index === parts.length - 1) {
      return { kind: found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other', size: found.size };
    }
    if (!found.isDirectory()) throw unexpected(parts.slice(0, index + 1).join('/'), 'is not a directory');
  }
  return undefined;
}

function unexpected(path: string, what: string) {
  return verificationError('CONTAINER_PATH', `/${path} in the container ${what}`);
}
