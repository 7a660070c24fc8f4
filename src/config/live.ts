import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { containerPaths } from '../contract/paths.ts';
import { digestFile, digestHex } from '../lib/digest.ts';
import { usageError } from '../lib/errors.ts';
import { namesIn } from '../lib/files.ts';
import { sortByBytes } from '../lib/order.ts';
import { type Boundary, findFile } from './boundary.ts';
import type { AddedFile } from './referenced-files.ts';

/** What is for people who change the directory, and means nothing in a container. */
const notes = /^README/i;

/** Deeper than any boot loader's files. */
const maximumDepth = 16;

/**
 * The files of `live/`, which travel in the container for who makes live media of it. Links are followed.
 * @returns none without the directory; in the order of their paths
 * @throws CosaError `CONFIG_FILE_OUTSIDE`, `CONFIG_OVERLAY_ENTRY` (exit 2)
 */
export async function readLiveFiles(boundary: Boundary): Promise<AddedFile[]> {
  return filesIn(boundary, '');
}

async function filesIn(boundary: Boundary, below: string): Promise<AddedFile[]> {
  const directory = join(boundary.base, 'live', below);
  const files: AddedFile[] = [];
  if (below.split('/').length > maximumDepth) throw tooDeep(directory);
  for (const name of sortByBytes(await namesIn(directory))) {
    const path = posix.join(below, name);
    if (below === '' && notes.test(name)) continue;
    const found = await findFile(boundary, directory, name, { file: join(directory, name) });
    const stats = found && (await stat(found.identity));
    if (stats?.isDirectory()) {
      files.push(...(await filesIn(boundary, path)));
    } else if (found !== undefined && stats?.isFile()) {
      const { digest } = await digestFile(found.identity);
      const target = posix.join(containerPaths.live, path).slice(1);
      files.push({ source: found.identity, path: target, mode: 0o644, sha256: digestHex(digest) });
    } else {
      throw usageError('CONFIG_OVERLAY_ENTRY', 'live/ holds files and directories, nothing else', {
        where: { file: join(directory, name) },
      });
    }
  }
  return files;
}

function tooDeep(directory: string) {
  return usageError('CONFIG_OVERLAY_ENTRY', `live/ is more than ${maximumDepth} directories deep`, {
    where: { file: directory },
  });
}
