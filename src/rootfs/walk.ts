import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes } from '../lib/order.ts';
import { isDirectoryInRoot } from '../lib/root-files.ts';
import { resolveDirectoryInRoot } from '../lib/root-path.ts';
import { requireUtf8Names } from '../lib/utf8-names.ts';

export interface WalkedEntry {
  /** Absolute path inside the tree: `/usr/bin/env`. */
  path: string;
  /** Absolute path on the host. */
  host: string;
  entry: Dirent;
}

/**
 * Everything below a directory of a tree, in byte order, parents before children. Links are not followed, but those
 * on the way to the directory, inside the tree. A directory that is not there has nothing below it.
 * @param start absolute path inside the tree where to begin; it is not itself in the result
 * @throws CosaError `NAME_NOT_UTF8`
 */
export async function* walkTree(tree: string, start = '/'): AsyncGenerator<WalkedEntry> {
  if (await isDirectoryInRoot(tree, start)) yield* walkDirectory(tree, await resolveDirectoryInRoot(tree, start));
}

async function* walkDirectory(tree: string, directory: string): AsyncGenerator<WalkedEntry> {
  const host = join(tree, directory);
  const entries = await readdir(host, { withFileTypes: true });
  entries.sort((a, b) => compareBytes(a.name, b.name));
  const names = entries.map(({ name }) => name);
  await requireUtf8Names(host, directory, names);
  for (const entry of entries) {
    const path = join(directory, entry.name);
    yield { path, host: join(host, entry.name), entry };
    if (entry.isDirectory()) yield* walkDirectory(tree, path);
  }
}
