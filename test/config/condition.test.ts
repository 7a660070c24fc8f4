import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateCondition } from '../../src/config/condition.ts';

const where = { file: 'manifest.yaml', line: 3, column: 9 };
const variables = new Map<string, string | number | boolean>([
  ['basearch', 'x86_64'],
  ['stream', 'stable'],
  ['release', '13'],
  ['debug', false],
  ['count', 3],
  ['2nd', true],
  ['empty', ''],
]);
const holds = (condition: string) => evaluateCondition(condition, variables, where);

test.each([
  ['stream == "stable"', true],
  ['stream != "stable"', false],
  ['basearch != "s390x"', true],
  ['release == "13"', true],
  ['debug == false', true],
  ['debug != true', true],
  ['2nd==true', true],
  ['count == 3', true],
  ['count == 03', true],
  ['count >= 3', true],
  ['count <= 2', false],
  ['count > 2', true],
  ['count < 18446744073709551615', true],
  ['empty == ""', true],
  ['  stream=="stable"  ', true],
])('%s is %s', (condition, expected) => {
  expect(holds(condition)).toBe(expected);
});

describe('refused', () => {
  const form = (text: string) => `"${text}" is not a condition: expected VARIABLE OPERATOR VALUE`;
  test.each([
    ['', 'CONFIG_CONDITION', form('')],
    ['stream', 'CONFIG_CONDITION', form('stream')],
    ['stream == stable', 'CONFIG_CONDITION', form('stream == stable')],
    ["stream == 'stable'", 'CONFIG_CONDITION', form("stream == 'stable'")],
    ['stream ==', 'CONFIG_CONDITION', form('stream ==')],
    ['a-b == true', 'CONFIG_CONDITION', form('a-b == true')],
    ['count > -1', 'CONFIG_CONDITION', form('count > -1')],
    ['count < 18446744073709551616', 'CONFIG_CONDITION', form('count < 18446744073709551616')],
    ['stream = "x"', 'CONFIG_CONDITION', 'in "stream = "x"", "=" is not an operator'],
    ['count>=41', 'CONFIG_CONDITION', 'in "count>=41", ">=4" is not an operator'],
    ['count < 3.5', 'CONFIG_CONDITION', form('count < 3.5')],
    ['stream > 3', 'CONFIG_CONDITION', 'in "stream > 3", the variable is a string, and the value is a number'],
    ['count == "3"', 'CONFIG_CONDITION', 'in "count == "3"", the variable is a number, and the value is a string'],
    ['release == 13', 'CONFIG_CONDITION', 'in "release == 13", the variable is a string, and the value is a number'],
    ['stream > "a"', 'CONFIG_CONDITION', 'in "stream > "a"", > needs numbers, and this is a string'],
    ['debug > false', 'CONFIG_CONDITION', 'in "debug > false", > needs numbers, and this is true or false'],
    ['steam == "x"', 'CONFIG_VARIABLE_UNDEFINED', 'undefined variable "steam"'],
  ])('%j', (condition, code, message) => {
    expect(() => holds(condition)).toThrowError(expect.objectContaining({ code, message, where, exitStatus: 2 }));
  });
});

test('the operators agree with each other', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), (left, right) => {
      const check = (operator: string) => evaluateCondition(`v ${operator} ${right}`, new Map([['v', left]]), where);
      expect(check('!=')).toBe(!check('=='));
      expect(check('<')).toBe(!check('>='));
      expect(check('>')).toBe(!check('<='));
      if (check('==')) expect(check('>=') && check('<=')).toBe(true);
      expect(check('<') && check('>')).toBe(false);
    }),
  );
});
