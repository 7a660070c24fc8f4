import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { isMissing } from '../../lib/if-exists.ts';
import { isDirectoryInRoot } from '../../lib/root-files.ts';
import { hostDirectory, hostPath, resolveDirectoryInRoot } from '../../lib/root-path.ts';
import { walkTree } from '../walk.ts';

/**
 * Something of the root that an initramfs depends on:
 * `content`: a file's bytes, permissions and owner, a link's target, or that there is nothing;
 * `names`: which files, directories and links are below a directory, at any depth, but not what is in them;
 * `contents`: both, of everything below.
 */
export interface Tracked {
  what: 'content' | 'names' | 'contents';
  path: string;
}

/** A hash of what these things are in a root now. The order of the list counts. */
export async function digestTracked(root: string, list: readonly Tracked[]): Promise<string> {
  const hash = createHash('sha256');
  // Thousands of paths lie in a few directories: each of those is resolved once.
  const directories = new Map<string, Promise<string>>();
  for (const { what, path } of list) {
    const directory = posix.dirname(path);
    const resolved = directories.get(directory) ?? hostDirectory(root, directory);
    directories.set(directory, resolved);
    const host = join(await resolved, posix.basename(path));
    hash.update(`${what}\0${path}\0`);
    hash.update(what === 'content' ? contentDigest(host) : await treeDigest(root, path, what === 'contents'));
    hash.update('\0');
  }
  return hash.digest('hex');
}

/** Waits for each system call: there are thousands of small files, and a promise for each takes longer than they do. */
function contentDigest(host: string): string {
  try {
    const stats = lstatSync(host);
    const owner = `${(stats.mode & 0o7777).toString(8)} ${stats.uid} ${stats.gid}`;
    if (stats.isSymbolicLink()) return `link ${readlinkSync(host)}`;
    if (!stats.isFile()) return `other ${owner}`;
    return `file ${owner} ${createHash('sha256').update(readFileSync(host)).digest('hex')}`;
  } catch (error) {
    if (isMissing(error)) return 'absent';
    throw error;
  }
}

async function treeDigest(root: string, path: string, withContents: boolean): Promise<string> {
  const start = await resolveDirectoryInRoot(root, path);
  if (!(await isDirectoryInRoot(root, start))) return contentDigest(await hostPath(root, start));
  const hash = createHash('sha256');
  for await (const { path: below, host, entry } of walkTree(root, start)) {
    const target = entry.isSymbolicLink() ? await readlink(host) : '';
    const kind = entry.isDirectory() ? 'directory' : 'other';
    hash.update(`${below}\0${kind}\0${target}\0`);
    if (withContents && entry.isFile()) hash.update(contentDigest(host));
  }
  return hash.digest('hex');
}

/** Text files of a directory tree whose names end so, joined: what a scan for path names reads. */
export async function joinedTexts(root: string, directory: string, endings: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for await (const { host, entry } of walkTree(root, directory)) {
    if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
      texts.push(await readFile(host, 'utf8'));
    }
  }
  return texts.join('\n');
}
