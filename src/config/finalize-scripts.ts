import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFile, digestHex } from '../lib/digest.ts';
import { namesIn } from '../lib/files.ts';
import { compareBytes } from '../lib/order.ts';
import { type Boundary, findFile } from './boundary.ts';

/** A program that works on the finished tree, with the programs of the machine that builds. */
export interface FinalizeScript {
  /** Of its file. */
  name: string;
  /** Absolute path on this machine. */
  path: string;
  /** Of the content. */
  sha256: string;
}

const directoryName = 'finalize.d';

/**
 * The executable files in the directories `finalize.d` beside the files of an include tree, in byte order of their names.
 * Where a name stands twice, the weaker file's counts, as for rpm-ostree.
 * @param directories of the files, the strongest first
 * @throws CosaError `CONFIG_FILE_OUTSIDE` (exit 2)
 */
export async function readFinalizeScripts(
  boundary: Boundary,
  directories: Iterable<string>,
): Promise<FinalizeScript[]> {
  const scripts = new Map<string, FinalizeScript>();
  for (const directory of new Set(directories)) {
    const place = join(directory, directoryName);
    for (const name of await namesIn(place)) {
      const found = await findFile(boundary, place, name, { file: join(place, name) });
      if (found === undefined) continue;
      const stats = await stat(found.identity);
      if (!stats.isFile() || (stats.mode & 0o100) === 0) continue;
      const { digest } = await digestFile(found.identity);
      scripts.set(name, { name, path: found.path, sha256: digestHex(digest) });
    }
  }
  return [...scripts.values()].sort((a, b) => compareBytes(a.name, b.name));
}
