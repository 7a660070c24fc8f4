import { nearestHint } from '../lib/document/validate.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';

/** The value of a variable, as YAML gave it. */
export type VariableValue = string | number | boolean;

const reference = /\$\{([^{}]*)\}/g;

/** Characters that variables may bring into a text, and references that may be followed for it. */
const maximumExpansion = 64 * 1024;
const maximumReferences = 10_000;

/** The same for all texts under one key of a config. */
const maximumExpansionOfAll = 16 * 1024 * 1024;

/** How many variables may stand in each other's values. */
const maximumDepth = 100;

/**
 * Replaces each `${name}` in a text. A variable's value may name variables in turn.
 * @param where the text's place, for errors
 * @throws CosaError `CONFIG_VARIABLE_UNDEFINED`, `CONFIG_VARIABLE_LOOP`, `CONFIG_VARIABLE_SIZE` (exit 2)
 */
export function substitute(text: string, variables: ReadonlyMap<string, VariableValue>, where: SourcePosition): string {
  const limits = { characters: maximumExpansion, references: maximumReferences };
  return expand(text, { variables, where, limits }, []);
}

/**
 * As {@link substitute}, for every string in a value; keys of maps stay as they are.
 * @param position gives the place of the part under a path
 */
export function substituteDeep(
  value: unknown,
  variables: ReadonlyMap<string, VariableValue>,
  position: (path: readonly PropertyKey[]) => SourcePosition,
): unknown {
  let room = maximumExpansionOfAll;
  function deep(part: unknown, path: readonly PropertyKey[]): unknown {
    if (typeof part === 'string') {
      if (!part.includes('${')) return part;
      const where = position(path);
      const text = substitute(part, variables, where);
      room -= text.length;
      if (room < 0) throw tooLarge(where);
      return text;
    }
    if (Array.isArray(part)) return part.map((item, index) => deep(item, [...path, index]));
    if (part === null || typeof part !== 'object') return part;
    return Object.fromEntries(Object.entries(part).map(([key, child]) => [key, deep(child, [...path, key])]));
  }
  return deep(value, []);
}

interface Expansion {
  variables: ReadonlyMap<string, VariableValue>;
  where: SourcePosition;
  /** What may still be written and followed: values that name each other grow exponentially. */
  limits: { characters: number; references: number };
}

function expand(text: string, expansion: Expansion, chain: readonly string[]): string {
  const { variables, where, limits } = expansion;
  return text.replace(reference, (_, name: string) => {
    if (chain.includes(name)) {
      const loop = [...chain.slice(chain.indexOf(name)), name].join(' → ');
      throw usageError('CONFIG_VARIABLE_LOOP', `the variable "${name}" refers to itself: ${loop}`, { where });
    }
    const value = variables.get(name);
    if (value === undefined) throw undefinedVariable(name, variables, where);
    const plain = String(value);
    limits.references--;
    limits.characters -= plain.length;
    const isTooLarge = limits.references < 0 || limits.characters < 0 || chain.length >= maximumDepth;
    if (isTooLarge) throw tooLarge(where);
    return plain.includes('${') ? expand(plain, expansion, [...chain, name]) : plain;
  });
}

function tooLarge(where: SourcePosition): Error {
  return usageError('CONFIG_VARIABLE_SIZE', 'variables make the text here far too long', {
    where,
    hint: 'look for variables that name each other many times',
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
