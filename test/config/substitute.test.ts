import fc from 'fast-check';
import { expect, test } from 'vitest';
import { substitution, type VariableValue } from '../../src/config/substitute.ts';

const where = { file: 'manifest.yaml', line: 1, column: 1 };
const variables = new Map<string, VariableValue>([
  ['stream', 'next'],
  ['number', 42],
  ['flag', true],
]);
const substitute = (text: string, values = variables) => substitution(values).text(text, () => where);

test.each([
  ['debian/${stream}', 'debian/next'],
  ['${number}${flag}', '42true'],
  ['$stream ${ {stream} $', '$stream ${ {stream} $'],
  ['${HOME}/${stream}', '${HOME}/next'],
])('%s becomes %s', (text, expected) => {
  expect(substitute(text)).toBe(expected);
});

const tooLarge = { code: 'CONFIG_VARIABLE_SIZE', message: 'variables make the text here far too long', where };

test('one variable many times is an error', () => {
  const long = new Map([['long', 'x'.repeat(10_000)]]);
  expect(() => substitute('${long}'.repeat(7), long)).toThrowError(expect.objectContaining(tooLarge));
});

test('many texts, each just short enough, are an error together', () => {
  const { text } = substitution(new Map([['long', 'x'.repeat(60_000)]]));
  for (let index = 0; index < 279; index++) text('${long}', () => where);
  expect(() => text('${long}', () => where)).toThrowError(expect.objectContaining(tooLarge));
});

test('what surrounds a reference stays', () => {
  const plain = fc.stringMatching(/^[^${}]*$/);
  fc.assert(
    fc.property(plain, plain, plain, (before, value, after) => {
      expect(substitute(before)).toBe(before);
      expect(substitute(`${before}\${v}${after}`, new Map([['v', value]]))).toBe(before + value + after);
    }),
  );
});
