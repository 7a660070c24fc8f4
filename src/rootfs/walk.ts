import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface WalkedEntry {
  /** Absolute path inside the tree: `/usr/bin/env`. */
  path: string;
  /** Absolute path on the host. */
  host: string;
  entry: Dirent;
}

/** Byte order: the same on every machine and in every locale. */
export function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Everything below a directory of a tree, in byte order, parents before children. Links are not followed.
 * @param start absolute path inside the tree where to begin; it is not itself in the result
 */
export async function* walkTree(tree: string, start = '/'): AsyncGenerator<WalkedEntry> {
  const directory = join(tree, start);
  const entries = await readdir(directory, { withFileTypes: true });
  entries.sort((a, b) => byteOrder(a.name, b.name));
  for (const entry of entries) {
    const path = join(start, entry.name);
    yield { path, host: join(directory, entry.name), entry };
    if (entry.isDirectory()) yield* walkTree(tree, path);
  }
}
