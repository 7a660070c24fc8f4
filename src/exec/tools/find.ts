import { run } from '../run.ts';
import type { Tool } from '../tool.ts';

export const find: Tool = {
  name: 'find',
  packages: { deb: 'findutils', rpm: 'findutils' },
  purpose: 'compares what it keeps with what was put there',
};

/** A line's path and the rest of it are parted by a zero byte, as lines are: names may hold everything else. */
const format = '%P\\0%y %m %U %G %s %T@ %n %l\\0';

/**
 * One line for each entry below a directory, by its path: type, mode, owner, group, size, time, number of names and a
 * link's target. What a directory's size, time of its own and names are depends on the file system, not on what is in it.
 */
export async function listTree(directory: string, signal?: AbortSignal): Promise<Map<string, string>> {
  const { stdout } = await run(
    find,
    [directory, '-mindepth', '1', '-printf', format],
    signal === undefined ? {} : { signal },
  );
  const fields = stdout.split('\0');
  const lines = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [type, mode, owner, group, ...rest] = (fields[index + 1] ?? '').split(' ');
    const about = type === 'd' ? [type, mode, owner, group] : [type, mode, owner, group, ...rest];
    lines.set(fields[index] ?? '', about.join(' '));
  }
  return lines;
}
