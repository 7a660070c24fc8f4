import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePerlPattern, PatternError } from '../../src/lib/perl-pattern.ts';

const texts = [
  ...['/usr/share/doc/a', '/usr/bin/a.b', 'A/B_c-0', '/etc/x', 'a', 'b', 'ab', 'aab', 'aaab', 'abab', 'aB', 'a b'],
  ...['', 'x\ty', 'ba{', 'a\\b', '__', '[]', 'a{,2}', '0a1'],
];

/** Numbers of the texts in which an expression is found. */
function found(pattern: string): number[] {
  const compiled = compilePerlPattern(pattern);
  return texts.flatMap((text, index) => (compiled.isFoundIn(text) ? [index] : []));
}

describe('finds what PCRE finds', () => {
  const patterns = [
    ...['^/usr/', '\\.b$', '\\Aa\\z', 'a\\Z', '\\Aaa', 'a|b/', '(a|b)\\1', '(?:ab){2}', 'a{2}', 'a{2,}b', '^a{1,2}b'],
    ...[
      '(?>a+)ab',
      'a++ab',
      'a*+b',
      'a?+a',
      '(?i)b_',
      '(?i:A)B',
      'a(?i)b',
      '((?i)a)B',
      '(?-i:a)B',
      '(?x) a b # c',
      'a(?#b)b',
    ],
    ...[
      '[[:alpha:]]_',
      '[[:upper:]]',
      '[^[:alnum:]/]',
      '[[:^alpha:]]b',
      '[]a]$',
      '[^]a]$',
      '[a-c0-2]',
      '[-a]_',
      '[\\d/]a',
      '[\\]]',
    ],
    ...[
      '\\d',
      '\\D{3}',
      '\\bab',
      '\\Bb',
      '\\s',
      '\\h',
      '\\w{4}',
      '\\Qa.b\\E',
      '\\Q[]',
      'ba{',
      '\\x61b',
      '\\x{62}$',
      '\\141b',
    ],
    ...[
      '(?=a)ab',
      '(?!a).b',
      '(?<=/)a',
      '(?<!a)b',
      '(?<=ab|/)a',
      '(?<n>a)\\k<n>b',
      "(?'n'a)\\g{n}",
      '(?P<n>b)a(?P=n)',
      '(a)\\g{-1}',
    ],
    ...[
      '\\pL\\pL',
      '\\p{Lu}',
      '\\P{Lu}/',
      '\\N',
      'a.b',
      '(?s)a.b',
      '(?U)a+b',
      'a\\Kb',
      '(a|)+b',
      '(a*)*b',
      '(?:)',
      'a||b',
      '\\\\b',
      '/*',
    ],
  ];

  test.each(patterns)('%s', (pattern) => {
    const input = `${texts.join('\0')}\0`;
    // Each text is a line of its own for grep, with zeros for line ends.
    const output = execFileSync(
      'sh',
      ['-c', 'grep --null-data --perl-regexp --line-number -e "$1" || [ $? = 1 ]', 'sh', pattern],
      {
        input,
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      },
    );
    const numbers = output
      .toString()
      .split('\0')
      .filter((line) => line !== '');
    expect(found(pattern)).toEqual(numbers.map((line) => Number.parseInt(line, 10) - 1));
  });

  test('of the letters of all languages', () => {
    expect(compilePerlPattern('^\\w+$').isFoundIn('größe')).toBe(true);
    expect(compilePerlPattern('^[[:alpha:]]+$').isFoundIn('тест')).toBe(true);
    expect(compilePerlPattern('(?i)GRÖß').isFoundIn('größe')).toBe(true);
    expect(compilePerlPattern('^.$').isFoundIn('🐧')).toBe(true);
  });
});

const part = fc.constantFrom(
  'a',
  'b',
  '/',
  '.',
  '[ab]',
  '[^a]',
  '(a|b)',
  '(?:ab)',
  'a*',
  'b+',
  '(?:a|b)*?',
  'a?',
  '(?=a)',
  '(?!b)',
  '^',
  '$',
);

test('finds what JavaScript finds, where both mean the same', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), texts, (parts, text) => {
      const pattern = parts.join('');
      expect(compilePerlPattern(pattern).isFoundIn(text)).toBe(new RegExp(pattern).test(text));
    }),
    { numRuns: 2000 },
  );
});

test('says of anything what is wrong with it, or searches', () => {
  const unit = fc.constantFrom(..."()[]{}?*+|\\^$.:<>=!-,#aAxpkgQE1'P&".split(''));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 14 }), (pattern) => {
      try {
        compilePerlPattern(pattern).isFoundIn('/usr/share');
      } catch (error) {
        expect(error).toBeInstanceOf(PatternError);
      }
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['(a', 1, 'this group has no ")"'],
  ['a)', 2, 'this ")" closes no group'],
  ['a[b', 2, 'this class has no "]"'],
  ['*a', 1, 'nothing stands before "*"'],
  ['a**', 1, '"*" follows another quantifier'],
  ['^*', 1, 'a place cannot be repeated, as * wants it'],
  ['a{3,2}', 1, 'the numbers of {3,2} are in the wrong order'],
  ['a{70000}', 1, 'a count may be at most 65535'],
  ['a{,2}', 1, 'a count needs its least number: write {0,…}'],
  ['a\\', 2, 'a backslash stands at the end'],
  ['\\y', 1, '\\y has no meaning here'],
  ['(?<=a+)b', 1, 'what is looked for behind must have one length'],
  ['(?R)', 1, 'recursion is not known here'],
  ['(a)?(?(1)b)', 5, 'conditions on groups are not known here: write both branches out'],
  ['(*SKIP)', 1, 'verbs, (*…), are not known here'],
  ['(?|(a)|(b))', 1, 'groups that count anew in each branch, (?|…), are not known here: number them yourself'],
  ['(?J)a', 1, 'the flag "J" is not known here: i, m, s, x and U are'],
  ['(a)\\2', 4, 'there is no group 2'],
  ['[[:letter:]]', 2, '[:letter:] is no class that is known here'],
  ['\\p{Klingon}', 1, '\\p{Klingon} is no property that is known here'],
  ['(?#', 4, 'the comment has no ")"'],
  ['('.repeat(1000), 251, 'groups are nested too deeply'],
])('%s is wrong', (pattern, column, message) => {
  let error: unknown;
  try {
    compilePerlPattern(pattern);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ name: 'PatternError', column, message });
});

test('a search ends, however the expression repeats itself', () => {
  expect(() => compilePerlPattern('(a*)*$b').isFoundIn('a'.repeat(100))).toThrow(RangeError);
  expect(() => compilePerlPattern('(?:a|b)*c').isFoundIn('ab'.repeat(50_000))).toThrow(RangeError);
  expect(compilePerlPattern('a*b').isFoundIn('a'.repeat(3000))).toBe(false);
});
