import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type FoundEntry, findEntries } from '../../exec/tools/find.ts';
import { readXattrs } from '../../exec/tools/getfattr.ts';
import { escapedName, nameNotUtf8, requireUtf8Names } from '../../lib/utf8-names.ts';
import type { Xattr } from '../types.ts';

/** An entry of a directory tree with all that ostree keeps of it, but for its content. */
export interface TreeEntry extends FoundEntry {
  /** Absolute path in the tree. */
  path: string;
  xattrs: readonly Xattr[];
}

/**
 * Everything in a directory, parents before what is in them and names in the order of their bytes. Contents are not read.
 * @throws CosaError `TOOL_FAILED`, `NAME_NOT_UTF8`
 */
export async function foundEntries(root: string, signal: AbortSignal): Promise<TreeEntry[]> {
  const [entries, xattrs] = await Promise.all([findEntries(root, signal), readXattrs(root, signal)]);
  await requireUtf8(root, entries);
  return entries
    .map((entry) => ({ key: sortKey(entry.path), entry }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ entry }) => ({ ...entry, path: `/${entry.path}`, xattrs: xattrs.get(entry.path) ?? [] }));
}

/** So that what is in a directory comes before its sisters, whatever their names begin with: a zero is in no name. */
function sortKey(path: string): Buffer {
  return Buffer.from(path.replaceAll('/', '\0'));
}

const replacement = '\ufffd';

async function requireUtf8(root: string, entries: readonly FoundEntry[]): Promise<void> {
  for (const { path, linkTarget } of entries) {
    if (path.includes(replacement)) {
      const slash = path.lastIndexOf('/');
      const directory = path.slice(0, Math.max(0, slash));
      await requireUtf8Names(join(root, directory), `/${directory}`, [path.slice(slash + 1)]);
    }
    if (!linkTarget.includes(replacement)) continue;
    const target = await readlink(join(root, path), { encoding: 'buffer' });
    if (Buffer.from(target.toString()).equals(target)) continue;
    throw nameNotUtf8(`${escapedName(target)}, which /${path} links to,`);
  }
}
