import { sortByBytes } from '../../lib/order.ts';
import { run } from '../run.ts';
import { tools } from '../tools.ts';

/** Fields are parted by zero bytes: names may hold everything else. The last is which file it is, by its place on disk. */
const format = '%P\\0%y %m %U %G %s %T@ %l\\0%D:%i\\0';

/**
 * One line for each entry below a directory, by its path: type, mode, owner, group, size, time, a link's target, and for
 * one of several names of a file the first of them. What a directory's size and time of its own are depends on the file
 * system, not on what is in it; names that a file has elsewhere, in a copy made of hard links, say nothing either.
 */
export async function listTree(directory: string, signal?: AbortSignal): Promise<Map<string, string>> {
  const { stdout } = await run(
    tools.find,
    [directory, '-mindepth', '1', '-printf', format],
    signal === undefined ? {} : { signal },
  );
  const fields = stdout.split('\0');
  const lines = new Map<string, string>();
  const names = new Map<string, string[]>();
  for (let index = 0; index + 2 < fields.length; index += 3) {
    const [path = '', about = '', file = ''] = fields.slice(index, index + 3);
    const isDirectory = about.startsWith('d ');
    lines.set(path, isDirectory ? about.split(' ').slice(0, 4).join(' ') : about);
    if (!isDirectory) names.set(file, [...(names.get(file) ?? []), path]);
  }
  for (const paths of names.values()) {
    if (paths.length === 1) continue;
    const [first] = sortByBytes(paths);
    for (const path of paths) lines.set(path, `${lines.get(path)} = ${first}`);
  }
  return lines;
}

/** An entry of a tree, as the file system has it. */
export interface FoundEntry {
  /** From the directory, which is `/` itself. */
  path: string;
  type: FoundType;
  /** Permission bits, set-user-id and the like among them. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes. */
  size: number;
  /** Empty but for symbolic links. */
  linkTarget: string;
  /** Which file it is, if the file has several names; else empty. */
  inode: string;
}

type FoundType = (typeof foundTypes)[keyof typeof foundTypes];

const foundTypes = {
  d: 'directory',
  f: 'file',
  l: 'symlink',
  p: 'fifo',
  c: 'character-device',
  b: 'block-device',
  s: 'socket',
} as const;

/** As above; a size, a number of names and a place on disk for each. */
const entryFormat = '/%P\\0%y\\0%m\\0%U\\0%G\\0%s\\0%n\\0%D:%i\\0%l\\0';
const entryFields = 9;

/**
 * Everything in a directory and itself, in no order. Links are not followed. A name or target that is not UTF-8 has
 * U+FFFD where bytes are lost.
 * @throws CosaError `TOOL_FAILED` if it cannot be read
 */
export async function findEntries(directory: string, signal?: AbortSignal): Promise<FoundEntry[]> {
  const { stdout } = await run(tools.find, [directory, '-printf', entryFormat], signal === undefined ? {} : { signal });
  const entries: FoundEntry[] = [];
  // Field by field: an array of all would be larger than what is made of it.
  for (let position = 0; position < stdout.length; ) {
    const fields: string[] = [];
    for (let field = 0; field < entryFields; field++) {
      const end = stdout.indexOf('\0', position);
      fields.push(stdout.slice(position, end));
      position = end + 1;
    }
    entries.push(foundEntry(fields));
  }
  return entries;
}

function foundEntry([
  path = '',
  type = '',
  mode = '',
  uid,
  gid,
  size,
  names,
  inode = '',
  target = '',
]: string[]): FoundEntry {
  return {
    path,
    type: foundTypes[type as keyof typeof foundTypes],
    mode: Number.parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    linkTarget: target,
    inode: names === '1' ? '' : inode,
  };
}
