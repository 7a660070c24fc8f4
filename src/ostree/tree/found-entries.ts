import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type FoundEntry, findEntries } from '../../exec/tools/find.ts';
import { readXattrs } from '../../exec/tools/getfattr.ts';
import { compareBytes } from '../../lib/order.ts';
import { escapedName, nameNotUtf8, requireUtf8Names } from '../../lib/utf8-names.ts';
import type { Xattr } from '../types.ts';

export interface FoundEntries {
  /** Parents before what is in them, names in the order of their bytes. */
  entries: FoundEntry[];
  /** By path. */
  xattrs: ReadonlyMap<string, readonly Xattr[]>;
}

/**
 * Everything in a directory with all that ostree keeps of it, but for contents.
 * @throws CosaError `TOOL_FAILED`, `NAME_NOT_UTF8`
 */
export async function foundEntries(root: string, signal: AbortSignal): Promise<FoundEntries> {
  const [entries, xattrs] = await Promise.all([findEntries(root, signal), readXattrs(root, signal)]);
  await requireUtf8(root, entries);
  return { entries: entries.sort((a, b) => comparePaths(a.path, b.path)), xattrs };
}

/** As `compareBytes`, but that what is in a directory comes before its sisters, whatever their names begin with. */
function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let index = 0;
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index++;
  // A path that ends here is the directory that the other lies in.
  if (index === length) return a.length - b.length;
  if (a[index] === '/') return -1;
  if (b[index] === '/') return 1;
  return compareBytes(a.slice(index), b.slice(index));
}

const replacement = '\ufffd';

async function requireUtf8(root: string, entries: readonly FoundEntry[]): Promise<void> {
  for (const { path, linkTarget } of entries) {
    if (path.includes(replacement)) {
      const slash = path.lastIndexOf('/');
      const directory = path.slice(0, slash) || '/';
      await requireUtf8Names(join(root, directory), directory, [path.slice(slash + 1)]);
    }
    if (!linkTarget.includes(replacement)) continue;
    const target = await readlink(join(root, path), { encoding: 'buffer' });
    if (Buffer.from(target.toString()).equals(target)) continue;
    throw nameNotUtf8(`${escapedName(target)}, which ${path} links to,`);
  }
}
