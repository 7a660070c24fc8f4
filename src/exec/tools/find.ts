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
    const [first] = paths.sort();
    for (const path of paths) lines.set(path, `${lines.get(path)} = ${first}`);
  }
  return lines;
}
