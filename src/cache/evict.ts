import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporaryName, namesIn } from '../lib/files.ts';

/**
 * Removes the least recently used entries of a directory, beyond a number that stays. An entry is used when its time is
 * set (utimes(2)). Names that begin with a dot are no entries.
 * @param spareMilliseconds what was used so recently may be in use by another process, and stays
 */
export async function evict(directory: string, keep: number, spareMilliseconds: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith('.'));
  const aged = await Promise.all(
    names.map(async (name) => ({
      name,
      used: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  aged.sort((a, b) => b.used - a.used);
  const oldest = Date.now() - spareMilliseconds;
  for (const { name, used } of aged.slice(keep)) {
    if (used <= oldest) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/**
 * Removes the unfinished files and directories (see `temporaryName`) in a directory. Only for one that nobody else is
 * writing to: the caller holds the lock under which all do.
 */
export async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (isTemporaryName(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
