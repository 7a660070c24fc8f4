import { dirname, join, relative } from 'node:path';
import type { ArchitectureName } from '../lib/architecture.ts';
import { yamlPart } from '../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { type Boundary, type FoundFile, findFile } from './boundary.ts';
import { evaluateCondition } from './condition.ts';
import { type Fragment, readFragment, readInlineFragment } from './fragment.ts';
import { attempt, attemptNow, type Mistakes } from './mistakes.ts';
import type { VariableValue } from './substitute.ts';
import type { TreefileValues } from './treefile-keys.ts';
import { readTreefile, treefileFormat } from './treefile-reader.ts';

/** A key of a `conditional-include` that has no effect there. */
interface IgnoredKey {
  key: string;
  where: SourcePosition;
}

/** A read include tree. */
export interface IncludeTree {
  /**
   * Strongest first: a file comes before what stands right in its conditions, that before what the file includes, and an
   * earlier include before a later one. That is rpm-ostree's order, in which `postprocess` of a later include runs before
   * that of an earlier one.
   */
  fragments: Fragment[];
  variables: ReadonlyMap<string, VariableValue>;
  ignored: IgnoredKey[];
}

export interface IncludeTreeOptions {
  boundary: Boundary;
  basearch: ArchitectureName;
  /** Variables that no file may change. */
  fixed: ReadonlyMap<string, VariableValue>;
  /** What is stronger than the tree itself. */
  stronger: readonly Fragment[];
  mistakes: Mistakes;
}

interface Context extends IncludeTreeOptions, IncludeTree {
  variables: Map<string, VariableValue>;
  /** Real paths of all files read so far, and the names that they were read by. */
  seen: Map<string, string>;
}

/** As in rpm-ostree; also, each level has a call of its own. */
const maximumDepth = 50;

/**
 * Reads a treefile and all that it includes, checks every file, and decides the conditional includes.
 * @param entry relative to the config directory
 * @throws CosaError what `mistakes` throws: `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE`, `CONFIG_CONDITION`,
 *   `CONFIG_INCLUDE_MISSING`, `CONFIG_INCLUDE_LOOP`, `CONFIG_INCLUDE_TWICE`, `CONFIG_INCLUDE_DEPTH`, `CONFIG_FILE_OUTSIDE`,
 *   `CONFIG_VARIABLE_UNDEFINED` (exit 2), all with a position; and `CONFIG_MANIFEST_MISSING`
 */
export async function readIncludeTree(entry: string, options: IncludeTreeOptions): Promise<IncludeTree> {
  const { base } = options.boundary;
  const context: Context = {
    ...options,
    variables: new Map<string, VariableValue>([['basearch', options.basearch], ...options.fixed]),
    fragments: [...options.stronger],
    ignored: [],
    seen: new Map(),
  };
  for (const { values } of options.stronger) defineVariables(values, context.variables);
  const where = { file: join(base, entry) };
  const found = await findFile(options.boundary, base, entry, where);
  if (found === undefined) {
    throw usageError('CONFIG_MANIFEST_MISSING', `there is no ${entry} in ${base}`, {
      hint: `a config directory needs a ${entry}; see docs/config-reference.md`,
    });
  }
  await addFile(found, where, [], context);
  const { fragments, variables, ignored } = context;
  return { fragments, variables, ignored };
}

/** A file on the way from the entry to the one that is being read. */
type Chain = readonly FoundFile[];

async function addFile(found: FoundFile, where: SourcePosition, chain: Chain, context: Context): Promise<void> {
  const shown = (path: string) => relative(context.boundary.base, path);
  if (chain.some(({ identity }) => identity === found.identity)) {
    const loop = [...chain, found].map(({ path }) => shown(path)).join(' → ');
    throw usageError('CONFIG_INCLUDE_LOOP', `include loop: ${loop}`, { where });
  }
  const first = context.seen.get(found.identity);
  if (first !== undefined) {
    throw usageError('CONFIG_INCLUDE_TWICE', `${shown(found.path)} is included already`, {
      where,
      hint: `it was first named as ${shown(first)}: a file counts once, at one place in the order`,
    });
  }
  if (chain.length > maximumDepth) {
    throw usageError('CONFIG_INCLUDE_DEPTH', `includes go more than ${maximumDepth} files deep`, { where });
  }
  context.seen.set(found.identity, found.path);
  const file = await attempt(context.mistakes, () => readTreefile(found.path, context.boundary, where));
  if (file === undefined) return;
  const directory = dirname(found.path);
  const ignoresUnknown = treefileFormat(found.path) === 'json';
  const fragment = readFragment(file, directory, context.basearch, { ignoresUnknown, mistakes: context.mistakes });
  context.fragments.push(fragment);
  defineVariables(fragment.values, context.variables);
  const includes = decideIncludes(fragment, context);
  for (const include of includes) {
    await attempt(context.mistakes, () => addInclude(include, directory, [...chain, found], context));
  }
}

interface Include {
  name: string;
  where: SourcePosition;
}

async function addInclude(include: Include, directory: string, chain: Chain, context: Context): Promise<void> {
  const { name, where } = include;
  const found = await findFile(context.boundary, directory, name, where);
  if (found === undefined) {
    throw usageError('CONFIG_INCLUDE_MISSING', `the included file "${name}" does not exist`, {
      where,
      hint: `expected at ${relative(context.boundary.base, join(directory, name))}: includes are relative to the file that includes them`,
    });
  }
  await addFile(found, where, chain, context);
}

/**
 * What a file includes, in the order of reading. What stands right in its conditions is merged at once: it is stronger than all files.
 * @throws CosaError what `mistakes` throws
 */
function decideIncludes({ file, values, directory }: Fragment, context: Context): Include[] {
  const named = (names: readonly string[] | undefined, path: readonly PropertyKey[]): Include[] =>
    (names ?? []).map((name, index) => ({ name, where: file.valuePosition([...path, index]) }));
  const includes = named(values.include, ['include']);
  const ofArchitecture = ['arch-include', context.basearch] as const;
  includes.push(...named(values['arch-include']?.[context.basearch], ofArchitecture));
  for (const [index, conditional] of (values['conditional-include'] ?? []).entries()) {
    const path = ['conditional-include', index];
    const holds = holdsAll(conditional.if, (position) => file.valuePosition([...path, 'if', position]), context);
    const { include } = conditional;
    if (typeof include === 'string' || Array.isArray(include)) {
      if (holds) includes.push(...named([include].flat(), [...path, 'include']));
      continue;
    }
    // What is wrong in it is wrong on any day.
    const part = yamlPart(file, [...path, 'include'], include);
    const { fragment, ignored } = readInlineFragment(part, directory, context.mistakes);
    if (!holds) continue;
    context.fragments.push(fragment);
    context.ignored.push(...ignored.map((key) => ({ key, where: part.keyPosition([key]) })));
  }
  return includes;
}

/** Every condition is evaluated, so that a mistake shows even where another one is false already. */
function holdsAll(
  conditions: readonly string[],
  position: (index: number) => SourcePosition,
  { variables, mistakes }: Context,
): boolean {
  const results = conditions.map(
    (condition, index) => attemptNow(mistakes, () => evaluateCondition(condition, variables, position(index))) ?? false,
  );
  return !results.includes(false);
}

/** Adds a file's variables. Those that are there already come from a stronger file and stay. */
function defineVariables(values: TreefileValues, variables: Map<string, VariableValue>): void {
  const own: [string, VariableValue][] = Object.entries(values.variables ?? {});
  if (values.releasever !== undefined) own.unshift(['releasever', values.releasever]);
  for (const [name, value] of own) if (!variables.has(name)) variables.set(name, value);
}
