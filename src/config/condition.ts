import { type SourcePosition, usageError } from '../lib/errors.ts';
import { substitute, undefinedVariable, type VariableValue } from './substitute.ts';

type Operator = '==' | '!=' | '>=' | '<=' | '>' | '<';

const form = /^\s*([A-Za-z_][\w.-]*)\s*(==|!=|>=|<=|>|<)\s*(.*?)\s*$/;
const quoted = /^(?:"([^"]*)"|'([^']*)')$/;
const word = /^(?:true|false|-?\d+(?:\.\d+)*)$/;
const dottedNumber = /^\d+(?:\.\d+)*$/;

/**
 * Whether a condition such as `stream != "stable"` or `releasever >= 13` holds. Equality compares as text;
 * order compares dotted numbers, part by part.
 * @throws CosaError `CONFIG_CONDITION`, `CONFIG_VARIABLE_UNDEFINED` (exit 2)
 */
export function evaluateCondition(
  condition: string,
  variables: ReadonlyMap<string, VariableValue>,
  where: SourcePosition,
): boolean {
  const [, name, operator, operand] = form.exec(condition) ?? [];
  if (name === undefined || operator === undefined || operand === undefined) {
    throw usageError('CONFIG_CONDITION', `"${condition}" is not a condition: expected VARIABLE OPERATOR VALUE`, {
      where,
      hint: 'for example: stream != "stable"; operators are == != >= <= > <',
    });
  }
  const right = readOperand(operand, condition, where);
  const value = variables.get(name);
  if (value === undefined) throw undefinedVariable(name, variables, where);
  const left = substitute(String(value), variables, where);
  return holds(left, operator as Operator, right, condition, where);
}

function readOperand(operand: string, condition: string, where: SourcePosition): string {
  const match = quoted.exec(operand);
  if (match !== null) return match[1] ?? match[2] ?? '';
  if (word.test(operand)) return operand;
  throw usageError('CONFIG_CONDITION', `in "${condition}", ${operand || 'nothing'} is not a value`, {
    where,
    hint: `write a number, true, false, or a quoted string: "${operand}"`,
  });
}

function holds(left: string, operator: Operator, right: string, condition: string, where: SourcePosition): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  for (const side of [left, right]) {
    if (!dottedNumber.test(side)) {
      throw usageError('CONFIG_CONDITION', `in "${condition}", "${side}" is not a number: ${operator} needs two`, {
        where,
      });
    }
  }
  const order = compareDotted(left, right);
  switch (operator) {
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
  }
}

/** Negative, zero or positive as `left` is older than, equal to or newer than `right`; missing parts count as 0. */
function compareDotted(left: string, right: string): number {
  const a = left.split('.').map(Number);
  const b = right.split('.').map(Number);
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
