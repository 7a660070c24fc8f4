import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { verificationError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { isBlobName, type LayoutPaths } from './paths.ts';

/**
 * Makes sure that all of a layout lies in its own directory. A layout may come from anywhere, on a stick or in a tar
 * archive: a link in it would make us write, lock and remove files somewhere else. The layout's own directory may be a
 * link, since whoever names it has chosen it.
 * @throws CosaError `LAYOUT_INVALID` (exit 4) for a part that is a link, or no directory or file as it should be
 */
export async function refuseLinks(paths: LayoutPaths): Promise<void> {
  const own = [dirname(paths.temporary), paths.temporary, paths.damaged];
  const directories = [...own, dirname(paths.blobs), paths.blobs];
  const files = [paths.layoutFile, paths.indexFile, paths.indexLock, paths.writersLock];
  for (const path of directories) await requirePlain(path, 'directory');
  for (const path of files) await requirePlain(path, 'file');
  const blobs = (await ifExists(readdir(paths.blobs, { withFileTypes: true }))) ?? [];
  const irregular = blobs.find((entry) => isBlobName(entry.name) && !entry.isFile());
  if (irregular === undefined) return;
  throw notPlain(join(paths.blobs, irregular.name), 'file', irregular.isSymbolicLink());
}

async function requirePlain(path: string, kind: 'directory' | 'file'): Promise<void> {
  const stats = await ifExists(lstat(path));
  if (stats === undefined || (kind === 'directory' ? stats.isDirectory() : stats.isFile())) return;
  throw notPlain(path, kind, stats.isSymbolicLink());
}

function notPlain(path: string, kind: 'directory' | 'file', isLink: boolean) {
  const found = isLink ? 'a link' : `no ${kind}`;
  return verificationError('LAYOUT_INVALID', `${path} is ${found}: nothing is written to a layout with such parts`, {
    hint: 'look where it leads; a copy that lies in one place is made with: cosa copy --all SOURCE DESTINATION',
  });
}
