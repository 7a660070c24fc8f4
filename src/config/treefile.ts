import { join, relative } from 'node:path';
import type { ArchitectureName } from '../lib/architecture.ts';
import type { SourcePosition } from '../lib/errors.ts';
import { type Fragment, readIncludeTree } from './include-tree.ts';
import { mergeValues, unique } from './merge.ts';
import { substituteDeep, type VariableValue } from './substitute.ts';
import { type Treefile, type TreefileValues, treefileFileKeys, treefileKeys } from './treefile-keys.ts';
import { type UnreadKey, unreadKeys } from './unread-keys.ts';

/** A treefile with all its includes, flattened, and a memory of where its parts came from. */
export interface LoadedTreefile {
  treefile: Treefile;
  variables: ReadonlyMap<string, VariableValue>;
  /** Where a key's value stands, or one item of its list (for `packages`, one name of an entry) or of its map. */
  positionOf(key: keyof Treefile, item?: string): SourcePosition;
  /** Keys that a file sets and nothing reads. */
  unread: readonly UnreadKey[];
}

/**
 * Reads `manifest.yaml` and all that it includes.
 * @param base the config directory
 * @param stream wins over `variables.stream` of every file
 * @throws CosaError as {@link readIncludeTree} does, and `CONFIG_VARIABLE_LOOP`
 */
export async function loadTreefile(
  base: string,
  options: { basearch: ArchitectureName; stream?: string | undefined },
): Promise<LoadedTreefile> {
  const { basearch, stream } = options;
  const fixed = new Map(stream === undefined ? [] : [['stream', stream]]);
  const tree = await readIncludeTree(base, 'manifest.yaml', basearch, fixed);
  const fragments = tree.fragments.map((fragment) => prepare(fragment, base, basearch, tree.variables));
  const merged = mergeValues(
    treefileKeys,
    fragments.map((fragment) => fragment.values),
  );
  merged.variables = Object.fromEntries([...tree.variables].filter(([name]) => name !== 'basearch'));
  return {
    // The table gives both the merged value and the type.
    treefile: merged as unknown as Treefile,
    variables: tree.variables,
    positionOf: (key, item) => positionOf(tree.fragments, fragments, options.basearch, key, item),
    unread: unreadKeys(treefileFileKeys, tree.fragments),
  };
}

/** A file's own values, ready to be merged: substituted, paths relative to the config, one package an entry. */
function prepare(
  fragment: Fragment,
  base: string,
  basearch: ArchitectureName,
  variables: ReadonlyMap<string, VariableValue>,
): Fragment {
  const substituted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fragment.values)) {
    const verbatim = 'verbatim' in treefileFileKeys[name as keyof typeof treefileFileKeys];
    substituted[name] = verbatim
      ? value
      : substituteDeep(value, variables, (path) => fragment.file.valuePosition([name, ...path]));
  }
  const values = substituted as TreefileValues;
  const fromBase = (path: string) => relative(base, join(fragment.directory, path));
  const script = values['postprocess-script'];
  if (script !== undefined) values['postprocess-script'] = fromBase(script);
  for (const key of ['check-passwd', 'check-groups'] as const) {
    const check = values[key];
    if (check?.type === 'file') values[key] = { ...check, filename: fromBase(check.filename) };
  }
  const packages = [...(values.packages ?? []), ...(architecturePackagesOf(values, basearch) ?? [])];
  if (packages.length > 0) values.packages = unique(packages.flatMap(splitPackages));
  return { ...fragment, values };
}

function architecturePackagesOf(values: TreefileValues, basearch: ArchitectureName): string[] | undefined {
  return values[architectureKey(basearch)];
}

function architectureKey(basearch: ArchitectureName): keyof typeof treefileFileKeys & `packages-${string}` {
  return `packages-${basearch}`;
}

/** `a b` is two packages; `'a >= 1'`, in single quotes, is one. */
export function splitPackages(entry: string): string[] {
  const quoted = /^\s*'([^']*)'\s*$/.exec(entry);
  if (quoted?.[1] !== undefined) return [quoted[1]];
  return entry.split(/\s+/).filter((name) => name !== '');
}

function positionOf(
  originals: readonly Fragment[],
  prepared: readonly Fragment[],
  basearch: ArchitectureName,
  key: keyof Treefile,
  item: string | undefined,
): SourcePosition {
  const keys: (keyof TreefileValues)[] = key === 'packages' ? [key, architectureKey(basearch)] : [key];
  for (const [index, fragment] of originals.entries()) {
    for (const name of keys) {
      const original = fragment.values[name];
      if (original === undefined) continue;
      if (item === undefined) return fragment.file.valuePosition([name]);
      const substituted = prepared[index]?.values[name];
      const list = name === key && key !== 'packages' ? substituted : original;
      if (!Array.isArray(list)) {
        if (Object.hasOwn(Object(list), item)) return fragment.file.valuePosition([name, item]);
        continue;
      }
      const place = list.findIndex((entry) => {
        return entry === item || (name.startsWith('packages') && splitPackages(String(entry)).includes(item));
      });
      if (place >= 0) return fragment.file.valuePosition([name, place]);
    }
  }
  const entry = originals[0];
  if (entry === undefined) throw new Error('an include tree has at least its entry');
  return entry.file.valuePosition([key]);
}
