import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { ArchitectureName } from '../lib/architecture.ts';
import { validate } from '../lib/document/validate.ts';
import { readYaml, type YamlFile, yamlPart } from '../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { ifExists } from '../lib/if-exists.ts';
import { evaluateCondition } from './condition.ts';
import { fileSchema } from './key-table.ts';
import { substitute, type VariableValue } from './substitute.ts';
import { type TreefileValues, treefileFileKeys } from './treefile-keys.ts';

/** One file of an include tree, or the keys that stand right in a `conditional-include`. */
export interface Fragment {
  file: YamlFile;
  values: TreefileValues;
  /** The file's directory, absolute: what paths in it are relative to. */
  directory: string;
}

/** A read include tree. */
export interface IncludeTree {
  /**
   * Strongest first: a file comes before what it includes, an earlier include before a later one. That is
   * rpm-ostree's order, in which `postprocess` of a later include runs before that of an earlier one.
   */
  fragments: Fragment[];
  variables: ReadonlyMap<string, VariableValue>;
}

interface Context {
  base: string;
  basearch: ArchitectureName;
  variables: Map<string, VariableValue>;
  fragments: Fragment[];
  /** Real paths of all files read so far: one that is included twice counts once. */
  seen: Set<string>;
}

const schema = fileSchema(treefileFileKeys);

/**
 * Reads a treefile and all that it includes, checks every file, and decides the conditional includes.
 * @param base the config directory; `entry` is relative to it
 * @param fixed variables that no file may change, besides `basearch`
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE`, `CONFIG_CONDITION`,
 *   `CONFIG_INCLUDE_MISSING`, `CONFIG_INCLUDE_LOOP`, `CONFIG_VARIABLE_UNDEFINED` (exit 2), all with a position
 */
export async function readIncludeTree(
  base: string,
  entry: string,
  basearch: ArchitectureName,
  fixed: ReadonlyMap<string, VariableValue>,
): Promise<IncludeTree> {
  const context: Context = {
    base,
    basearch,
    variables: new Map<string, VariableValue>([['basearch', basearch], ...fixed]),
    fragments: [],
    seen: new Set(),
  };
  const path = join(base, entry);
  const file = await readYaml(path);
  if (file === undefined) {
    throw usageError('CONFIG_MANIFEST_MISSING', `there is no ${entry} in ${base}`, {
      hint: `a config directory needs a ${entry}; see docs/config-reference.md`,
    });
  }
  const identity = await realpath(path);
  context.seen.add(identity);
  await addFragment(file, dirname(path), [{ identity, path }], context);
  return { fragments: context.fragments, variables: context.variables };
}

/** A file on the way from the entry to the one that is being read. */
interface Link {
  identity: string;
  path: string;
}

async function addFragment(file: YamlFile, directory: string, chain: readonly Link[], context: Context): Promise<void> {
  const values = validate(schema, file) as TreefileValues;
  context.fragments.push({ file, values, directory });
  defineVariables(values, context.variables);
  const include = async (target: string, where: SourcePosition) => {
    await addFile(target, directory, where, chain, context);
  };

  for (const [index, target] of (values.include ?? []).entries()) {
    await include(target, itemPosition(file, ['include'], index));
  }
  const architectures = values['arch-include'] as Record<string, string[]> | undefined;
  for (const [index, target] of (architectures?.[context.basearch] ?? []).entries()) {
    await include(target, itemPosition(file, ['arch-include', context.basearch], index));
  }
  for (const [index, conditional] of (values['conditional-include'] ?? []).entries()) {
    const path = ['conditional-include', index];
    // Every condition is evaluated, so that a mistake shows even where another one is false already.
    const results = conditional.if.map((condition, position) =>
      evaluateCondition(condition, context.variables, itemPosition(file, [...path, 'if'], position)),
    );
    const inline = typeof conditional.include === 'object' && !Array.isArray(conditional.include);
    if (inline) {
      const part = yamlPart(file, [...path, 'include'], conditional.include);
      if (results.includes(false)) validate(schema, part);
      else await addFragment(part, directory, chain, context);
    } else if (!results.includes(false)) {
      for (const [position, target] of [conditional.include].flat().entries()) {
        await include(String(target), itemPosition(file, [...path, 'include'], position));
      }
    }
  }
}

/** The place of an item of a list that may also be written as a single value. */
function itemPosition(file: YamlFile, path: readonly PropertyKey[], index: number): SourcePosition {
  return file.valuePosition([...path, index]);
}

/** Adds a file's variables. Those that are there already come from a stronger file and stay. */
function defineVariables(values: TreefileValues, variables: Map<string, VariableValue>): void {
  const own: [string, VariableValue][] = Object.entries(values.variables ?? {});
  if (values.releasever !== undefined) own.unshift(['releasever', values.releasever]);
  for (const [name, value] of own) {
    if (!variables.has(name)) variables.set(name, value);
  }
}

async function addFile(
  target: string,
  directory: string,
  where: SourcePosition,
  chain: readonly Link[],
  context: Context,
): Promise<void> {
  const name = substitute(target, context.variables, where);
  if (isAbsolute(name)) {
    throw usageError('CONFIG_INCLUDE_MISSING', `the included file "${name}" has an absolute path`, {
      where,
      hint: 'includes are relative to the file that includes them',
    });
  }
  const path = join(directory, name);
  const identity = await ifExists(realpath(path));
  const file = identity === undefined ? undefined : await readYaml(path);
  if (identity === undefined || file === undefined) {
    throw usageError('CONFIG_INCLUDE_MISSING', `the included file "${name}" does not exist`, {
      where,
      hint: `expected at ${relative(context.base, path)}: includes are relative to the file that includes them`,
    });
  }
  if (chain.some((link) => link.identity === identity)) {
    const loop = [...chain.map((link) => link.path), path].map((part) => relative(context.base, part)).join(' → ');
    throw usageError('CONFIG_INCLUDE_LOOP', `include loop: ${loop}`, { where });
  }
  if (context.seen.has(identity)) return;
  context.seen.add(identity);
  await addFragment(file, dirname(path), [...chain, { identity, path }], context);
}
