import { readTextInRootIfExists } from '../../lib/root-files.ts';

/** Where dpkg-divert has moved the files of a path. */
interface Diversion {
  to: string;
  /** The package whose own file keeps the path; `:` if it is nobody's, a local diversion. */
  by: string;
}

/** By path; see dpkg-divert(1). */
export type Diversions = ReadonlyMap<string, Diversion>;

/**
 * The diversions of a root. dpkg's file holds three lines for each: the path, where it went, and by whose wish.
 * @param database dpkg's directory in the root
 */
export async function readDiversions(root: string, database: string): Promise<Diversions> {
  const lines = ((await readTextInRootIfExists(root, `${database}/diversions`)) ?? '').split('\n');
  const diversions = new Map<string, Diversion>();
  for (let index = 0; index + 2 < lines.length; index += 3) {
    const [path = '', to = '', by = ''] = lines.slice(index, index + 3);
    diversions.set(path, { to, by });
  }
  return diversions;
}

/** Where a package's file of this path lies. */
export function placeOf(diversions: Diversions, path: string, packageName: string): string {
  const diversion = diversions.get(path);
  return diversion === undefined || diversion.by === packageName ? path : diversion.to;
}
