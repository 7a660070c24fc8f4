import { listTree } from '../exec/tools/find.ts';
import { listXattrs } from '../exec/tools/getfattr.ts';
import { writeFileAtomic } from '../lib/files.ts';
import { compareBytes } from '../lib/order.ts';
import { readTextIfExists } from '../lib/text-file.ts';

/**
 * What a tree was like when it was put away, so that one which a copy, a full disk or a power loss has changed is not
 * taken for it: of each entry type, mode, owner, size, time, the names that are one file, a link's target and extended attributes.
 * Contents are not read: 15,000 entries take 0.2 s.
 * @param hasXattrs false for a tree without extended attributes: they are read by a program that the host may not have
 */
export async function writeTreeRecord(tree: string, file: string, hasXattrs: boolean): Promise<void> {
  await writeFileAtomic(file, JSON.stringify([...(await describeTree(tree, hasXattrs))]));
}

/**
 * Compares a tree with the record of what it was.
 * @returns `undefined` if they agree, else what is different: `root/usr/bin/sudo has changed`
 */
export async function treeDifference(tree: string, file: string, hasXattrs: boolean): Promise<string | undefined> {
  const recorded = parse(await readTextIfExists(file));
  if (recorded === undefined) return 'nothing says what it was like';
  const present = await describeTree(tree, hasXattrs);
  for (const [path, line] of recorded) {
    const now = present.get(path);
    if (now === undefined) return `${path} is missing`;
    if (now !== line) return `${path} has changed`;
  }
  if (present.size === recorded.size) return undefined;
  const added = [...present.keys()].find((path) => !recorded.has(path));
  return `${added} is new`;
}

async function describeTree(tree: string, hasXattrs: boolean): Promise<Map<string, string>> {
  const [lines, attributes] = await Promise.all([listTree(tree), hasXattrs ? listXattrs(tree) : []]);
  const described = [...lines].sort(([a], [b]) => compareBytes(a, b));
  return new Map([
    ...described,
    // Names are escaped there: under names of their own, which no path has.
    ...[...attributes]
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([path, values]) => [`${path} (attributes)`, values] as const),
  ]);
}

function parse(text: string | undefined): Map<string, string> | undefined {
  try {
    return text === undefined ? undefined : new Map(JSON.parse(text) as [string, string][]);
  } catch {
    return undefined;
  }
}
