import { type SourcePosition, usageError } from '../lib/errors.ts';
import { nearestHint } from './validate.ts';

/** The value of a variable, as YAML gave it. */
export type VariableValue = string | number | boolean;

const reference = /\$\{([^{}]*)\}/g;

/**
 * Replaces each `${name}` in a text. A variable's value may name variables in turn.
 * @param where the text's place, for errors
 * @throws CosaError `CONFIG_VARIABLE_UNDEFINED`, `CONFIG_VARIABLE_LOOP` (exit 2)
 */
export function substitute(text: string, variables: ReadonlyMap<string, VariableValue>, where: SourcePosition): string {
  return expand(text, variables, where, []);
}

/**
 * As {@link substitute}, for every string in a value; keys of maps stay as they are.
 * @param position gives the place of the part under a path
 */
export function substituteDeep(
  value: unknown,
  variables: ReadonlyMap<string, VariableValue>,
  position: (path: readonly PropertyKey[]) => SourcePosition,
  path: readonly PropertyKey[] = [],
): unknown {
  if (typeof value === 'string') {
    return value.includes('${') ? substitute(value, variables, position(path)) : value;
  }
  if (Array.isArray(value))
    return value.map((item, index) => substituteDeep(item, variables, position, [...path, index]));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, substituteDeep(child, variables, position, [...path, key])]),
  );
}

function expand(
  text: string,
  variables: ReadonlyMap<string, VariableValue>,
  where: SourcePosition,
  chain: readonly string[],
): string {
  return text.replace(reference, (_, name: string) => {
    if (chain.includes(name)) {
      const loop = [...chain.slice(chain.indexOf(name)), name].join(' → ');
      throw usageError('CONFIG_VARIABLE_LOOP', `the variable "${name}" refers to itself: ${loop}`, { where });
    }
    const value = variables.get(name);
    if (value === undefined) throw undefinedVariable(name, variables, where);
    return typeof value === 'string' ? expand(value, variables, where, [...chain, name]) : String(value);
  });
}

/** The error for a name that no `variables` of the include tree defines. */
export function undefinedVariable(
  name: string,
  variables: ReadonlyMap<string, VariableValue>,
  where: SourcePosition,
): Error {
  const hint = nearestHint(name, [...variables.keys()]) ?? 'define it under "variables"';
  return usageError('CONFIG_VARIABLE_UNDEFINED', `undefined variable "${name}"`, { where, hint });
}
