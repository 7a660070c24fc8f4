import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../lib/files.ts';
import { ifExists } from '../lib/if-exists.ts';
import { readTextIfExists } from '../lib/text-file.ts';

/** An entry of a kind's directory. */
export interface CacheEntry {
  readonly name: string;
  /** When it was used last: milliseconds since the epoch. */
  readonly used: number;
  /** Of a file; what a directory's own size says depends on the file system. */
  readonly bytes: number;
  /** A running command has a lease of it. */
  readonly isInUse: boolean;
}

/** In the directory of a lease: the names of the entries that it keeps, a line each. */
export const namesFile = 'names';

/**
 * The entries of a kind's directory, least recently used first; none if there is no such directory. Names that begin
 * with a dot are no entries.
 * @param leases directories of the leases that count
 */
export async function listEntries(directory: string, leases: readonly string[]): Promise<CacheEntry[]> {
  const texts = await Promise.all(leases.map((lease) => readTextIfExists(join(lease, namesFile))));
  const used = new Set(texts.flatMap((text) => text?.split('\n') ?? []));
  const names = (await namesIn(directory)).filter((name) => !name.startsWith('.'));
  const entries = await Promise.all(
    names.map(async (name) => {
      const stats = await ifExists(lstat(join(directory, name)));
      return stats === undefined ? [] : [{ name, used: stats.mtimeMs, bytes: stats.size, isInUse: used.has(name) }];
    }),
  );
  return entries.flat().sort((a, b) => a.used - b.used);
}
