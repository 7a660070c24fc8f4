import { z } from 'zod';
import { CosaError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { sortByBytes } from '../order.ts';
import { type Problem, problemsError } from '../problems.ts';
import type { YamlFile } from './yaml.ts';

/**
 * Checks a file's value against a schema.
 * @returns the value as the schema's output
 * @throws CosaError `CONFIG_UNKNOWN_KEY` or `CONFIG_VALUE` (exit 2) at the first problem's position; the message
 *   lists the others, each with its own
 */
export function validate<Schema extends z.ZodType>(schema: Schema, file: YamlFile): z.output<Schema> {
  const { value, problems } = inspect(schema, file);
  const [first, ...others] = problems;
  if (first === undefined) return value as z.output<Schema>;
  throw problemsError([first, ...others]);
}

/**
 * Looks whether a file's value is as a schema has it.
 * @returns the value as the schema's output, or else all problems, with the keys of the top that they are in
 */
export function inspect<Schema extends z.ZodType>(
  schema: Schema,
  file: YamlFile,
): { value: z.output<Schema> | undefined; problems: Problem[]; keys: ReadonlySet<PropertyKey> } {
  const parsed = schema.safeParse(file.value);
  if (parsed.success) return { value: parsed.data, problems: [], keys: new Set() };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, schema, file));
  const keys = parsed.error.issues.flatMap((issue) =>
    issue.path.length === 0 && issue.code === 'unrecognized_keys' ? issue.keys : issue.path.slice(0, 1),
  );
  if (problems.length === 0) throw new CosaError('CONFIG_VALUE', parsed.error.message);
  return { value: undefined, problems, keys: new Set(keys) };
}

/** "did you mean …", from the known names; all of them if they are few and none is near. */
export function nearestHint(word: string, known: readonly string[]): string | undefined {
  const [best] = nearest(word, known);
  if (best !== undefined) return `did you mean "${best}"?`;
  return known.length > 0 && known.length <= 12 ? `known here: ${sortByBytes(new Set(known)).join(', ')}` : undefined;
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, file: YamlFile): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => ({
      code: 'CONFIG_UNKNOWN_KEY',
      message: `unknown key "${key}"${issue.path.length === 0 ? '' : ` in "${label(issue.path)}"`}`,
      where: file.keyPosition([...issue.path, key]),
      hint: nearestHint(key, known),
    }));
  }
  const found = valueAt(file.value, issue.path);
  const base = { code: 'CONFIG_VALUE', where: file.valuePosition(issue.path), hint: undefined } as const;
  const name = issue.path.length === 0 ? 'the file' : `"${label(issue.path)}"`;
  if (found === undefined) return [{ ...base, message: `${name} is missing` }];
  if (issue.code === 'invalid_type') {
    return [{ ...base, message: `${name} must be ${expectedName(issue.expected)}, not ${describe(found)}` }];
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const message = `${name} must be one of ${known.join(', ')}, not ${describe(found)}`;
    return [{ ...base, message, hint: nearestHint(String(found), known) }];
  }
  return [{ ...base, message: `${name} ${issue.message}, not ${describe(found)}` }];
}

/** The keys that the schema's map under a path knows. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly) {
    return keysAt(schema.def.innerType, path);
  }
  if (schema instanceof z.ZodPipe) return keysAt(schema.def.in, path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const [name, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (name === undefined) return Object.keys(schema.shape);
    const member = schema.shape[String(name)] as z.core.$ZodType | undefined;
    return member === undefined ? [] : keysAt(member, rest);
  }
  if (name === undefined) {
    return schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum
      ? schema.keyType.options.map(String)
      : [];
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return keysAt(schema.valueType, rest);
  return [];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const name of path) {
    if (current === null || typeof current !== 'object') return undefined;
    current = (current as Record<PropertyKey, unknown>)[name];
  }
  return current;
}

/** `check-passwd.type`, `packages[2]`. */
function label(path: readonly PropertyKey[]): string {
  return path
    .map((name, index) => (typeof name === 'number' ? `[${name}]` : `${index === 0 ? '' : '.'}${String(name)}`))
    .join('');
}

function expectedName(expected: string): string {
  const names: Record<string, string> = {
    array: 'a list',
    object: 'a map',
    record: 'a map',
    string: 'a string',
    boolean: 'true or false',
    number: 'a number',
    int: 'a whole number',
  };
  return names[expected] ?? expected;
}

function describe(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the string "${value.length > 40 ? `${value.slice(0, 37)}...` : value}"`;
  if (typeof value === 'number') return `the number ${value}`;
  return String(value);
}
