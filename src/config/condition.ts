import { type SourcePosition, usageError } from '../lib/errors.ts';
import { undefinedVariable, type VariableValue } from './substitute.ts';

type Operator = '==' | '!=' | '>=' | '<=' | '>' | '<';

/** Blanks around the operator may be missing in front of a quote or a word: an operator ends where the last value begins. */
const form = /^\s*([A-Za-z0-9_]+)\s*(\S+)\s*(?:(true|false)|([0-9]+)|"(.*)")\s*$/;
const operators: readonly string[] = ['==', '!=', '>=', '<=', '>', '<'];

/** What rpm-ostree reads as a number: 64 bits without a sign. */
const largest = 2n ** 64n - 1n;

/**
 * Whether a condition such as `stream != "stable"` or `releasever >= 41` holds. Variable and value must be of one
 * kind: string, whole number, or true and false; only numbers have an order.
 * @throws CosaError `CONFIG_CONDITION`, `CONFIG_VARIABLE_UNDEFINED` (exit 2)
 */
export function evaluateCondition(
  condition: string,
  variables: ReadonlyMap<string, VariableValue>,
  where: SourcePosition,
): boolean {
  const { name, operator, right } = parseCondition(condition, where);
  const left = variables.get(name);
  if (left === undefined) throw undefinedVariable(name, variables, where);
  if (kindOf(left) !== kindOf(right)) {
    throw usageError(
      'CONFIG_CONDITION',
      `in "${condition}", the variable is ${kindOf(left)}, and the value is ${kindOf(right)}`,
      { where, hint: `its value is ${literal(left)}` },
    );
  }
  if (operator === '==') return String(left) === String(right);
  if (operator === '!=') return String(left) !== String(right);
  if (typeof left !== 'number' || typeof right !== 'bigint') {
    throw usageError('CONFIG_CONDITION', `in "${condition}", ${operator} needs numbers, and this is ${kindOf(left)}`, {
      where,
      hint: 'use == or !=',
    });
  }
  return isOrdered(BigInt(left), operator, right);
}

function parseCondition(
  condition: string,
  where: SourcePosition,
): { name: string; operator: Operator; right: string | boolean | bigint } {
  const [, name, operator, word, digits, text] = form.exec(condition) ?? [];
  const number = digits === undefined ? undefined : BigInt(digits);
  const right = word === undefined ? (number ?? text) : word === 'true';
  if (name === undefined || operator === undefined || right === undefined || (number ?? 0n) > largest) {
    throw usageError('CONFIG_CONDITION', `"${condition}" is not a condition: expected VARIABLE OPERATOR VALUE`, {
      where,
      hint: 'for example: stream != "stable"; operators are == != >= <= > <; values are "TEXT", whole numbers, true, false',
    });
  }
  if (!operators.includes(operator)) {
    throw usageError('CONFIG_CONDITION', `in "${condition}", "${operator}" is not an operator`, {
      where,
      hint: 'operators are == != >= <= > <, with a blank on either side',
    });
  }
  return { name, operator: operator as Operator, right };
}

function isOrdered(left: bigint, operator: Operator, right: bigint): boolean {
  switch (operator) {
    case '>=':
      return left >= right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left < right;
  }
}

function kindOf(value: VariableValue | bigint): string {
  if (typeof value === 'string') return 'a string';
  return typeof value === 'boolean' ? 'true or false' : 'a number';
}

function literal(value: VariableValue): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}
