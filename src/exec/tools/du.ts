import { tryRun } from '../run.ts';
import { tools } from '../tools.ts';

/**
 * The bytes that files and directory trees take on disk, in the order of the paths; a file of several names counts once,
 * and what is gone meanwhile counts as nothing.
 */
export async function diskUsage(paths: readonly string[], signal?: AbortSignal): Promise<number[]> {
  if (paths.length === 0) return [];
  const args = ['--summarize', '--block-size=1', '--null', '--files0-from=-'];
  const { stdout } = await tryRun(tools.du, args, {
    input: paths.map((path) => `${path}\0`).join(''),
    ...(signal === undefined ? {} : { signal }),
  });
  const sizes = new Map<string, number>();
  for (const line of stdout.split('\0')) {
    const tab = line.indexOf('\t');
    if (tab > 0) sizes.set(line.slice(tab + 1), Number(line.slice(0, tab)));
  }
  return paths.map((path) => sizes.get(path) ?? 0);
}
