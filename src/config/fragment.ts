import { z } from 'zod';
import type { ArchitectureName } from '../lib/architecture.ts';
import { inspect } from '../lib/document/validate.ts';
import { type YamlFile, yamlPart } from '../lib/document/yaml.ts';
import { sortByBytes } from '../lib/order.ts';
import type { Problem } from '../lib/problems.ts';
import { fileSchema, type KeyDefinition, type KeyTable } from './key-table.ts';
import { type Mistakes, noteAll } from './mistakes.ts';
import { type PackageEntry, packagesOf } from './package-entries.ts';
import { impliedValues } from './treefile/implied-values.ts';
import {
  architectureKey,
  architecturePackages,
  clientKeys,
  isArchitecturePackages,
  type TreefileValues,
  treefileFileKeys,
  treefileKeys,
} from './treefile-keys.ts';

/** Where a value stands in its file. */
interface Place {
  /** The path of the key's value. */
  path: readonly PropertyKey[];
  /** The paths of a list's items, where they are not simply counted. */
  items?: readonly (readonly PropertyKey[])[];
  /** The key that implies the value, which stands nowhere itself. */
  impliedBy?: string;
}

/** One file of an include tree, or the keys that stand right in a `conditional-include`. */
export interface Fragment {
  file: YamlFile;
  /** The file's directory, absolute: what paths in it are relative to. */
  directory: string;
  /** By the names of now, packages of the architecture among the others, one an entry. */
  values: TreefileValues;
  places: ReadonlyMap<string, Place>;
}

const schema = fileSchema(withFormerNames(treefileFileKeys));
const architectureSchema = z.record(z.string(), architecturePackages.type.schema);

type Values = Record<string, unknown>;

function withFormerNames(table: KeyTable): KeyTable {
  const former = Object.values(table).flatMap((key) => (key.formerly ?? []).map((name) => [name, key] as const));
  return { ...table, ...Object.fromEntries(former) };
}

/**
 * What a treefile says. Keys that nothing stands behind are not set.
 * @param ignoresUnknown as JSON files do, whose comments are keys
 * @param mistakes gets all problems of the file as one: `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE`
 * @throws CosaError what `mistakes` throws
 */
export function readFragment(
  file: YamlFile,
  directory: string,
  basearch: ArchitectureName,
  options: { ignoresUnknown: boolean; mistakes: Mistakes },
): Fragment {
  const problems: Problem[] = [];
  const written = valuesThatAreRight(file, options.ignoresUnknown, problems);
  const places = new Map<string, Place>();
  const values = renamed(written, places, { file, problems });
  gatherPackages(written, values, places, { file, basearch, problems });
  problems.push(...problemsBetweenKeys(values, { file, basearch }));
  noteAll(options.mistakes, problems);
  for (const [name, value, because] of impliedValues(values)) {
    Object.assign(values, { [name]: value });
    places.set(name, { path: [because], impliedBy: because });
  }
  return { file, directory, values, places };
}

const inlineSchema = z.object(schema.shape);

/**
 * What stands right in a `conditional-include`: keys of the flattened treefile count there, others do not, but those that
 * are known must be right. An entry of `packages` is one package there, whatever is in it.
 * @param part the map as if it were a file of its own
 * @param mistakes as for {@link readFragment}
 * @returns the fragment, and the keys that have no effect there
 */
export function readInlineFragment(
  part: YamlFile,
  directory: string,
  mistakes: Mistakes,
): { fragment: Fragment; ignored: string[] } {
  const written = Object.entries(part.value as Values);
  const isCounted = (name: string) => name !== 'variables' && Object.hasOwn(treefileKeys, name);
  const problems: Problem[] = [];
  const set = written.filter(([, value]) => value !== null);
  const right = Object.entries(rightValues(inlineSchema, part, Object.fromEntries(set), problems));
  const values: TreefileValues = Object.fromEntries(right.filter(([name]) => isCounted(name)));
  problems.push(...fractions(part));
  noteAll(mistakes, problems);
  const places = new Map<string, Place>(Object.keys(values).map((name) => [name, { path: [name] }]));
  const ignored = written.map(([name]) => name).filter((name) => !isCounted(name));
  return { fragment: { file: part, directory, values, places }, ignored };
}

/** The values of a file's map that are as the tables have them; the others become problems. */
function valuesThatAreRight(file: YamlFile, ignoresUnknown: boolean, problems: Problem[]): Values {
  const { value } = file;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    problems.push(...inspect(schema, file).problems);
    return {};
  }
  const written = Object.entries(value);
  const ofArchitectures = written.filter(([name]) => isArchitecturePackages(name));
  const others = written.filter(([name, part]) => {
    if (isArchitecturePackages(name)) return false;
    if (Object.hasOwn(schema.shape, name) || clientKeys.includes(name)) return part !== null;
    return !ignoresUnknown;
  });
  return {
    ...rightValues(schema, file, Object.fromEntries(others), problems),
    ...rightValues(architectureSchema, file, Object.fromEntries(ofArchitectures), problems),
  };
}

/** Of dozens of known keys, a file has a few: those alone are looked at, and the whole schema where one is wrong. */
function rightValues(against: FragmentSchema, file: YamlFile, values: Values, problems: Problem[]): Values {
  const right: Values = {};
  let isRight = true;
  for (const [name, value] of Object.entries(values)) {
    const parsed = schemaOf(against, name)?.safeParse(value);
    if (parsed?.success === true) right[name] = parsed.data;
    else isRight = false;
  }
  if (!isRight) problems.push(...inspect(against, yamlPart(file, [], values)).problems);
  return right;
}

type FragmentSchema = z.ZodObject<Record<string, z.ZodType>> | z.ZodRecord<z.ZodString, z.ZodType>;

function schemaOf(against: FragmentSchema, name: string): z.ZodType | undefined {
  if (against instanceof z.ZodRecord) return against.valueType;
  return Object.hasOwn(against.shape, name) ? against.shape[name] : undefined;
}

/** The values by the names of now; packages are gathered apart. */
function renamed(
  written: Values,
  places: Map<string, Place>,
  { file, problems }: { file: YamlFile; problems: Problem[] },
): TreefileValues {
  const values: Values = {};
  for (const [name, key] of Object.entries<KeyDefinition>(treefileFileKeys)) {
    const spellings = [name, ...(key.formerly ?? [])].filter((spelling) => Object.hasOwn(written, spelling));
    const [spelling, second] = spellings;
    if (spelling === undefined || name === 'packages') continue;
    if (second !== undefined) {
      const message = `"${spelling}" and "${second}" are two names of one key`;
      problems.push({ code: 'CONFIG_VALUE', message, where: file.keyPosition([second]), hint: `keep "${name}"` });
    }
    values[name] = written[spelling];
    places.set(name, { path: [spelling] });
  }
  return values;
}

function gatherPackages(
  written: Values,
  values: TreefileValues,
  places: Map<string, Place>,
  context: { file: YamlFile; basearch: ArchitectureName; problems: Problem[] },
): void {
  const { file, basearch, problems } = context;
  const keys = ['packages', ...treefileKeys.packages.formerly, architectureKey(basearch)];
  const lists = keys.filter((key) => Object.hasOwn(written, key));
  const split = (list: readonly string[], path: readonly PropertyKey[]) =>
    packagesOf(list, path, file.valuePosition, problems);
  if (lists.length > 0) {
    setPackages(
      values,
      places,
      lists.flatMap((key) => split(written[key] as string[], [key])),
    );
  }
  const ofRepositories = values['repo-packages'];
  if (ofRepositories === undefined) return;
  values['repo-packages'] = ofRepositories.map(({ repo, packages }, index) => {
    const names = split(packages, ['repo-packages', index, 'packages']).map(({ name }) => name);
    return { repo, packages: sortByBytes(new Set(names)) };
  });
}

function setPackages(values: TreefileValues, places: Map<string, Place>, entries: readonly PackageEntry[]): void {
  values.packages = entries.map(({ name }) => name);
  const path = entries[0]?.path.slice(0, 1) ?? ['packages'];
  places.set('packages', { path, items: entries.map((entry) => entry.path) });
}

/** Numbers such as `41.0` where a whole one must stand: those who tell numbers by their kinds see a difference. */
function fractions(file: YamlFile): Problem[] {
  return (file.fractions ?? []).filter(isWholePlace).map((path) => ({
    code: 'CONFIG_VALUE',
    message: `"${path.join('.')}" must be a whole number, not one with a fraction`,
    where: file.valuePosition(path),
    hint: 'write it without the fraction, or in quotes for a string',
  }));
}

function isWholePlace([key, second]: readonly PropertyKey[]): boolean {
  if (key === 'releasever' || key === 'selinux-label-version') return second === undefined;
  return key === 'variables' || ((key === 'check-passwd' || key === 'check-groups') && second === 'entries');
}

const reserved = ['releasever', 'basearch'];

/** Problems of values that are right each for itself. */
function problemsBetweenKeys(
  values: TreefileValues,
  { file, basearch }: { file: YamlFile; basearch: ArchitectureName },
): Problem[] {
  const problems: Problem[] = [];
  const add = (path: readonly string[], message: string, hint: string) =>
    problems.push({ code: 'CONFIG_VALUE', message, where: file.keyPosition(path), hint });
  if (values.basearch !== undefined && values.basearch !== basearch) {
    add(['basearch'], `this file is for ${values.basearch}, and the build is for ${basearch}`, 'leave "basearch" out');
  }
  problems.push(...fractions(file));
  for (const name of reserved) {
    if (Object.hasOwn(values.variables ?? {}, name)) {
      add(['variables', name], `the variable "${name}" cannot be set: it is there anyway`, 'choose another name');
    }
    if (Object.hasOwn(values.repovars ?? {}, name)) {
      add(['repovars', name], `the variable "${name}" cannot be set: it is there anyway`, 'choose another name');
    }
  }
  return problems;
}
