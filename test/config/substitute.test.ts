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

test.each([
  ['characters', (index: number) => (index === 0 ? 'x'.repeat(10) : '')],
  ['references that stand for nothing', () => ''],
])('variables that grow exponentially are an error with a position: %s', (_, text) => {
  const growing = new Map<string, VariableValue>();
  for (let index = 0; index <= 12; index++) {
    growing.set(`v${index}`, index === 0 ? text(index) : `\${v${index - 1}}`.repeat(10) + text(index));
  }
  expect(() => substitute('${v12}', growing, where)).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_VARIABLE_SIZE',
      message: 'variables make the text here far too long',
      where,
    }),
  );
});

test('a long chain of variables is an error, and no crash', () => {
  const chain = new Map<string, VariableValue>([['v0', 'x']]);
  for (let index = 1; index < 50_000; index++) chain.set(`v${index}`, `\${v${index - 1}}`);
  expect(substitute('${v99}', chain, where)).toBe('x');
  expect(() => substitute('${v49999}', chain, where)).toThrowError(
    expect.objectContaining({ code: 'CONFIG_VARIABLE_SIZE' }),
  );
});

test('many texts, each just short enough, are an error together', () => {
  const long = new Map<string, VariableValue>([['long', 'x'.repeat(60_000)]]);
  const position = (path: readonly PropertyKey[]) => ({ ...where, line: Number(path[0]) });
  expect(() => substituteDeep(Array(1000).fill('${long}'), long, position)).toThrowError(
    expect.objectContaining({ code: 'CONFIG_VARIABLE_SIZE', where: { ...where, line: 279 } }),
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
