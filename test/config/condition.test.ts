import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateCondition } from '../../src/config/condition.ts';

const where = { file: 'manifest.yaml', line: 3, column: 9 };
const variables = new Map<string, string | number | boolean>([
  ['basearch', 'x86_64'],
  ['stream', 'stable'],
  ['releasever', '13'],
  ['point', '9.10'],
  ['debug', false],
  ['count', 3],
  ['derived', '${stream}-next'],
  ['empty', ''],
]);
const holds = (condition: string) => evaluateCondition(condition, variables, where);

test.each([
  ['stream == "stable"', true],
  ["stream == 'stable'", true],
  ['stream != "stable"', false],
  ['basearch != "s390x"', true],
  ['debug == false', true],
  ['debug != true', true],
  ['count == 3', true],
  ['releasever >= 13', true],
  ['releasever <= 12', false],
  ['releasever > 9', true],
  ['releasever < 13', false],
  ['point > 9.9', true],
  ['point >= 9.10.0', true],
  ['point < "9.11"', true],
  ['derived == "stable-next"', true],
  ['empty == ""', true],
  ['  stream=="stable"  ', true],
])('%s is %s', (condition, expected) => {
  expect(holds(condition)).toBe(expected);
});

describe('refused', () => {
  test.each([
    ['', 'CONFIG_CONDITION', '"" is not a condition: expected VARIABLE OPERATOR VALUE'],
    ['stream', 'CONFIG_CONDITION', '"stream" is not a condition: expected VARIABLE OPERATOR VALUE'],
    ['stream = "x"', 'CONFIG_CONDITION', '"stream = "x"" is not a condition: expected VARIABLE OPERATOR VALUE'],
    ['stream == stable', 'CONFIG_CONDITION', 'in "stream == stable", stable is not a value'],
    ['stream ==', 'CONFIG_CONDITION', 'in "stream ==", nothing is not a value'],
    ['stream > 3', 'CONFIG_CONDITION', 'in "stream > 3", "stable" is not a number: > needs two'],
    ['count >= "x"', 'CONFIG_CONDITION', 'in "count >= "x"", "x" is not a number: >= needs two'],
    ['steam == "x"', 'CONFIG_VARIABLE_UNDEFINED', 'undefined variable "steam"'],
  ])('%j', (condition, code, message) => {
    expect(() => holds(condition)).toThrowError(expect.objectContaining({ code, message, where, exitStatus: 2 }));
  });
});

test('the operators agree with each other', () => {
  const version = fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
  fc.assert(
    fc.property(version, version, (left, right) => {
      const check = (operator: string) => evaluateCondition(`v ${operator} ${right}`, new Map([['v', left]]), where);
      expect(check('!=')).toBe(!check('=='));
      expect(check('<')).toBe(!check('>='));
      expect(check('>')).toBe(!check('<='));
      if (check('==')) expect(check('>=') && check('<=')).toBe(true);
      expect(check('<') && check('>')).toBe(false);
    }),
  );
});
