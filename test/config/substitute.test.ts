import fc from 'fast-check';
import { expect, test } from 'vitest';
import { substitute, substituteDeep, type VariableValue } from '../../src/config/substitute.ts';

const where = { file: 'manifest.yaml', line: 1, column: 1 };
const variables = new Map<string, VariableValue>([
  ['stream', 'next'],
  ['number', 42],
  ['flag', true],
  ['nested', 'a-${stream}'],
  ['loop', 'x${back}'],
  ['back', '${loop}'],
]);

test.each([
  ['debian/${stream}', 'debian/next'],
  ['${number}${flag}', '42true'],
  ['${nested}/${nested}', 'a-next/a-next'],
  ['$stream ${ {stream} $', '$stream ${ {stream} $'],
])('%s becomes %s', (text, expected) => {
  expect(substitute(text, variables, where)).toBe(expected);
});

test('an undefined variable is an error with the nearest name', () => {
  expect(() => substitute('${steam}', variables, where)).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_VARIABLE_UNDEFINED',
      message: 'undefined variable "steam"',
      hint: 'did you mean "stream"?',
      where,
    }),
  );
});

test('a variable that refers to itself is an error with the chain', () => {
  expect(() => substitute('${loop}', variables, where)).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_VARIABLE_LOOP',
      message: 'the variable "loop" refers to itself: loop → back → loop',
    }),
  );
});

test('reaches every string of a value, and tells the place of each', () => {
  const value = { a: ['x', { b: '${stream}' }], c: 1, d: null, '${key}': '${number}' };
  expect(substituteDeep(value, variables, () => where)).toEqual({
    a: ['x', { b: 'next' }],
    c: 1,
    d: null,
    '${key}': '42',
  });
  const places: PropertyKey[][] = [];
  substituteDeep(value, variables, (path) => {
    places.push([...path]);
    return where;
  });
  expect(places).toEqual([['a', 1, 'b'], ['${key}']]);
});

test('a text without references stays as it is, and values are inserted as they are', () => {
  const plain = fc.string().filter((text) => !text.includes('${'));
  fc.assert(
    fc.property(plain, plain, plain, (before, value, after) => {
      expect(substitute(before, variables, where)).toBe(before);
      // What surrounds a reference must not form one of its own.
      fc.pre(!before.endsWith('$') && !value.endsWith('$'));
      expect(substitute(`${before}\${v}${after}`, new Map([['v', value]]), where)).toBe(before + value + after);
    }),
  );
});
