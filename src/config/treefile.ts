import { join, relative, resolve } from 'node:path';
import type { ArchitectureName } from '../lib/architecture.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { type BaseManifest, baseManifestPrefix } from './base-manifest.ts';
import { type Boundary, boundaryOf, closedBoundary } from './boundary.ts';
import { type FlatValue, flatten, type Origin, positionOf, substituteAll } from './flatten.ts';
import type { Fragment } from './fragment.ts';
import { type IncludeTree, readIncludeTree } from './include-tree.ts';
import { attemptNow, endAtFirst, type Mistakes } from './mistakes.ts';
import { requireFiles } from './required-files.ts';
import type { VariableValue } from './substitute.ts';
import { type Treefile, type TreefileValues, treefileFileKeys, treefileKeys } from './treefile-keys.ts';
import { type UnreadKey, unreadKeys } from './unread-keys.ts';
import { variableText } from './value-types.ts';

export interface TreefileOptions {
  basearch: ArchitectureName;
  /** Wins over `variables.stream` of every file. */
  stream?: string | undefined;
  /** Win over `variables` of every file. */
  variables?: ReadonlyMap<string, VariableValue> | undefined;
  /** What is stronger than `manifest.yaml` and all that it includes, and what is weaker. */
  stronger?: readonly Fragment[];
  weaker?: readonly Fragment[];
  /** The manifest of what a derived config builds upon: weaker than all else. */
  baseManifest?: BaseManifest | undefined;
  /** Another name than `manifest.yaml`, relative to the config directory. */
  manifest?: string | undefined;
  mistakes?: Mistakes;
}

/** A treefile with all its includes, flattened, and a memory of where its parts came from. */
export interface LoadedTreefile {
  treefile: Treefile;
  variables: ReadonlyMap<string, VariableValue>;
  /** Each key that a file sets, with where its value comes from. */
  flat: ReadonlyMap<keyof TreefileValues, FlatValue>;
  /** Where a key's value stands, or one item of its list or of its map. */
  positionOf(key: keyof Treefile, item?: string): SourcePosition;
  /** The directory of the file that has an item of a list, absolute: what paths in it are relative to. */
  directoryOf(key: keyof Treefile, index: number): string;
  /** Directories of the config's files, the strongest first. */
  directories: readonly string[];
  /** Keys that a file sets and nothing reads. */
  unread: readonly UnreadKey[];
  /** Absolute path of a file that a value of the treefile names: `postprocess-script`, `filename` of `check-passwd`. */
  pathOf(name: string): string;
  boundary: Boundary;
  /** Where files may lie that are named in a directory. */
  boundaryFor(directory: string): Boundary;
}

/**
 * Reads `manifest.yaml` and all that it includes. Scripts and account files that it names are there.
 * @param base the config directory, absolute
 * @throws CosaError as {@link readIncludeTree} does, `CONFIG_FILE_MISSING`, `CONFIG_FILE_MODE`, `CONFIG_VARIABLE_SIZE` (exit 2)
 */
export async function loadTreefile(base: string, options: TreefileOptions): Promise<LoadedTreefile> {
  const { basearch, stream, variables = new Map(), stronger = [], weaker = [], manifest = 'manifest.yaml' } = options;
  const { mistakes = endAtFirst } = options;
  const boundary = await boundaryOf(base);
  const fixed = new Map([...variables, ...(stream === undefined ? [] : [['stream', stream] as const])]);
  const tree = await readIncludeTree(manifest, { boundary, basearch, fixed, stronger, mistakes });
  const below = options.baseManifest && (await readBaseManifest(options.baseManifest, tree, { ...options, mistakes }));
  const fragments = [...tree.fragments, ...weaker, ...(below?.fragments ?? [])];
  const isBelow = new Set(below?.fragments);
  await requireFiles(boundary, [...tree.fragments, ...weaker], mistakes);
  const variablesOfAll = below?.variables ?? tree.variables;
  attemptNow(mistakes, () => requirePlainVariables(variablesOfAll, fragments, base));
  const nameOf = (fragment: Fragment, path: string) =>
    isBelow.has(fragment)
      ? `${baseManifestPrefix}${relative(options.baseManifest?.directory ?? base, path)}`
      : relative(base, path);
  const flat = flatten(fragments.map((fragment) => withPaths(fragment, (path) => nameOf(fragment, path))));
  substituteAll(flat, variablesOfAll);
  const values = Object.fromEntries([...flat].map(([key, { value }]) => [key, value]));
  const named = [...variablesOfAll].filter(([name]) => name !== 'basearch');
  return {
    // The table gives both the merged value and the type.
    treefile: { ...defaults, ...values, variables: Object.fromEntries(named) } as unknown as Treefile,
    variables: variablesOfAll,
    flat,
    positionOf: (key, item) => {
      const entry = flat.get(key);
      if (entry !== undefined) return positionOf(originOf(entry, item));
      const [first] = fragments;
      return first === undefined ? { file: join(base, manifest) } : first.file.valuePosition([key]);
    },
    directoryOf: (key, index) => {
      const members = flat.get(key)?.members;
      return (Array.isArray(members) ? (members as Origin[])[index]?.fragment.directory : undefined) ?? base;
    },
    directories: tree.fragments.map(({ directory }) => directory),
    unread: [...ignoredKeys(tree.ignored), ...unreadKeys(treefileFileKeys, fragments.map(written))],
    pathOf: (name) =>
      name.startsWith(baseManifestPrefix) && options.baseManifest !== undefined
        ? join(options.baseManifest.directory, name.slice(baseManifestPrefix.length))
        : join(base, name),
    boundaryFor: (directory) => (isIn(directory, below?.boundary.base) ? (below?.boundary ?? boundary) : boundary),
    boundary,
  };
}

/** Its files lie together somewhere else, and see the variables of the manifest. */
async function readBaseManifest(
  { directory, entry, isForeign = false }: BaseManifest,
  { variables }: IncludeTree,
  { basearch, mistakes }: { basearch: ArchitectureName; mistakes: Mistakes },
): Promise<IncludeTree & { boundary: Boundary }> {
  const boundary = isForeign ? await closedBoundary(directory) : await boundaryOf(directory);
  const tree = await readIncludeTree(entry, { boundary, basearch, fixed: variables, stronger: [], mistakes });
  await requireFiles(boundary, tree.fragments, mistakes);
  return { ...tree, boundary };
}

function isIn(path: string, directory: string | undefined): boolean {
  return directory !== undefined && `${path}/`.startsWith(`${directory}/`);
}

/**
 * Variables of files are looked at with the files: here are the release, which is one too, and those from outside.
 * @throws CosaError `CONFIG_VALUE` (exit 2)
 */
function requirePlainVariables(
  variables: ReadonlyMap<string, VariableValue>,
  fragments: readonly Fragment[],
  base: string,
): void {
  for (const [name, value] of variables) {
    if (variableText.test(String(value)) && variableText.test(name)) continue;
    const release = fragments.find(({ values }) => name === 'releasever' && values.releasever === value);
    throw usageError('CONFIG_VALUE', `the variable "${name}" must not hold $, { or }`, {
      where: release?.file.valuePosition(['releasever']) ?? { file: base },
    });
  }
}

const defaults = Object.fromEntries(
  Object.entries(treefileKeys).flatMap(([name, key]) => ('default' in key ? [[name, key.default]] : [])),
);

/** The fragment with other names of the files that it names: as they are, they are relative to the file. */
function withPaths(fragment: Fragment, nameOf: (path: string) => string): Fragment {
  const fromBase = (path: string) => nameOf(resolve(fragment.directory, path));
  const values = { ...fragment.values };
  const script = values['postprocess-script'];
  if (script !== undefined) values['postprocess-script'] = fromBase(script);
  for (const key of ['check-passwd', 'check-groups'] as const) {
    const check = values[key];
    if (check?.type === 'file') values[key] = { ...check, filename: fromBase(check.filename) };
  }
  return { ...fragment, values };
}

function originOf({ value, origin, members }: FlatValue, item: string | undefined): Origin {
  if (item === undefined || members === undefined) return origin;
  if (!Array.isArray(members)) return (members as ReadonlyMap<string, Origin>).get(item) ?? origin;
  return (members as readonly Origin[])[(value as readonly unknown[]).indexOf(item)] ?? origin;
}

function ignoredKeys(ignored: readonly { key: string; where: SourcePosition }[]): UnreadKey[] {
  return ignored.map(({ key, where }) => ({
    key,
    where,
    reason: 'of keys that stand right in a conditional-include, only those of the flattened treefile count',
  }));
}

/** What stands in a fragment itself, by the names that stand there. */
function written({ file, values, places }: Fragment) {
  const own = Object.entries(values).filter(([name]) => places.get(name)?.impliedBy === undefined);
  return {
    values: Object.fromEntries(own),
    keyPosition: (name: string) => file.keyPosition(places.get(name)?.path.slice(0, 1) ?? [name]),
  };
}
