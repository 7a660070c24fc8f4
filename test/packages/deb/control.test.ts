import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldOf, formatControl, parseControl, sourceOf, wordsOf } from '../../../src/packages/deb/control.ts';

function only(text: string) {
  const [paragraph] = parseControl(text, 'x.sources');
  if (paragraph === undefined) throw new Error('no paragraph');
  return paragraph;
}

describe('parseControl', () => {
  test('reads paragraphs, continuation lines and line numbers', () => {
    const text = '# a comment\nPackage: a\nDescription: short\n long\n .\n\n\nPackage: b\n# inside\nEmpty:\n';
    expect(parseControl(text, 'status')).toEqual([
      {
        line: 2,
        fields: [
          { name: 'Package', value: 'a', line: 2 },
          { name: 'Description', value: 'short\n long\n .', line: 3 },
        ],
      },
      {
        line: 8,
        fields: [
          { name: 'Package', value: 'b', line: 8 },
          { name: 'Empty', value: '', line: 10 },
        ],
      },
    ]);
  });

  test('takes field names without case, and line ends of any system', () => {
    expect(fieldOf(only('SUITES: a  b\r\n'), 'Suites')).toBe('a  b');
    expect(wordsOf(' a\n b\tc ')).toEqual(['a', 'b', 'c']);
    expect(wordsOf(undefined)).toEqual([]);
  });

  test.each([
    [' x\n', 'a continuation line without a field before it', 1],
    ['A: 1\nnonsense\n', '"nonsense" is not a field: expected "Name: value"', 2],
    ['A: 1\nB: 2\na: 3\n', 'the field "a" stands twice in one paragraph', 3],
    [': x\n', '": x" is not a field: expected "Name: value"', 1],
  ])('refuses %j', (text, message, line) => {
    expect(() => parseControl(text, 'x.sources')).toThrow(
      expect.objectContaining({ code: 'CONTROL_SYNTAX', message, where: { file: 'x.sources', line } }),
    );
  });

  test('reads what formatControl wrote', () => {
    const name = fc.stringMatching(/^[A-Z][A-Za-z-]{0,8}$/);
    const line = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/);
    const value = fc
      .tuple(fc.oneof(line, fc.constant('')), fc.array(line, { maxLength: 3 }))
      .map(([first, rest]) => [first, ...rest.map((text) => ` ${text}`)].join('\n'));
    const fields = fc.uniqueArray(fc.record({ name, value }), {
      minLength: 1,
      maxLength: 5,
      selector: (field) => field.name.toLowerCase(),
    });
    fc.assert(
      fc.property(fc.array(fc.record({ fields }), { maxLength: 4 }), (paragraphs) => {
        const parsed = parseControl(formatControl(paragraphs), 'written');
        expect(parsed.map((one) => ({ fields: one.fields.map(({ name, value }) => ({ name, value })) }))).toEqual(
          paragraphs,
        );
      }),
    );
  });
});

test('the source package is named without its version', () => {
  expect(sourceOf(only('Package: libc6\nSource: glibc (2.41)\n'), 'libc6')).toBe('glibc');
  expect(sourceOf(only('Package: bash\n'), 'bash')).toBe('bash');
});
