import { nearestHint } from '../lib/document/validate.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';

/** The value of a variable, as YAML gave it. */
export type VariableValue = string | number | boolean;

const reference = /\$\{([^${}]*)\}/g;

/** Characters that variables may bring into one text, and into all texts of a config together. */
const maximumExpansion = 64 * 1024;
const maximumExpansionOfAll = 16 * 1024 * 1024;

/**
 * Puts the values of variables into the texts of one config. What no variable is named stays as it is, and so does a text
 * whose first `}` stands before its first `${`, as for rpm-ostree.
 */
export interface Substitution {
  /**
   * Replaces each `${name}` of a text for which there is a variable.
   * @throws CosaError `CONFIG_VARIABLE_SIZE` (exit 2) if the text, or all texts so far, become far too long
   */
  text(text: string, where: () => SourcePosition): string;
}

/** Begins to count what variables bring into the texts of one config: the same one many times, they would fill memory. */
export function substitution(variables: ReadonlyMap<string, VariableValue>): Substitution {
  let room = maximumExpansionOfAll;
  return {
    text(text, where) {
      const first = text.indexOf('${');
      if (first === -1 || text.indexOf('}') < first) return text;
      let added = 0;
      return text.replace(reference, (whole, name: string) => {
        const value = variables.get(name);
        if (value === undefined) return whole;
        const plain = String(value);
        added += plain.length;
        room -= plain.length;
        if (added > maximumExpansion || room < 0) {
          throw usageError('CONFIG_VARIABLE_SIZE', 'variables make the text here far too long', {
            where: where(),
            hint: 'look for a long variable that is named many times',
          });
        }
        return plain;
      });
    },
  };
}

/** The names in a text that would be substituted if there were such variables. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(reference)].map(([, name = '']) => name);
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
