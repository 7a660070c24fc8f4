import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileBytePattern, type MatchBudget } from '../../../src/lib/perl-pattern.ts';

const budget = (): MatchBudget => ({ steps: 1e8, memory: 1e6 });

function matches(pattern: string, text: string, limits = budget()): boolean {
  const { automaton } = compileBytePattern(`^${pattern}$`);
  return automaton.matchesRest(automaton.start(limits), text, 0, limits);
}

describe('a pattern', () => {
  it.each([
    ['/usr(/.*)?', ['/usr', '/usr/', '/usr/lib/x\ny'], ['/us', '/usrlocal', 'x/usr']],
    ['/etc/[^/]+\\.conf', ['/etc/a.conf'], ['/etc/a/b.conf', '/etc/.conf', '/etc/aXconf']],
    ['/dev/tty[0-9]{1,2}', ['/dev/tty1', '/dev/tty12'], ['/dev/tty', '/dev/tty123']],
    ['/a{2}b{2,}c{0}', ['/aabb', '/aabbbb'], ['/abb', '/aab', '/aabbc']],
    ['/x{', ['/x{'], ['/x']],
    ['/x{a}', ['/x{a}'], ['/xa']],
    ['/(a|b|)c', ['/ac', '/bc', '/c'], ['/abc']],
    ['/(?:a|b)??c(?#more)d', ['/acd', '/cd'], ['/abcd']],
    ['/(?<name>a)(?P<other>b)', ['/ab'], ['/a']],
    ['/[]a-c^-]+', ['/]b^-'], ['/d']],
    ['/[[:digit:]_[:upper:]]+', ['/1_A'], ['/a']],
    ['/[[:^digit:]]', ['/a'], ['/1']],
    ['/[\\d\\-\\]]+', ['/1-]'], ['/a']],
    ['/\\d\\D\\w\\W\\s\\S', ['/1a_- x'], ['/aa_- x']],
    ['/\\x41', ['/A'], ['/x41']],
    ['/\\0\\t\\Z', ['/\0\t'], ['/\0']],
    ['/[\\x80-\\xff]+', ['/Ã¤'], ['/a']],
    // Only the whole is bound to start and end, not each of several ways.
    ['a|b', ['a', 'abc', 'b', 'xb'], ['xa', 'bx']],
    // What PCRE2 does unless told otherwise: an end is before a last line feed, too.
    ['/a', ['/a', '/a\n'], ['/a\n\n', '/a\nb']],
    ['/a\\n', ['/a\n', '/a\n\n'], ['/a']],
    ['/(a*)*b', ['/b', '/aab'], ['/a']],
    ['/(((){60000}){60000}){60000}', ['/'], ['/a']],
  ])('%s matches what it says', (pattern, yes, no) => {
    expect(yes.filter((text) => !matches(pattern, text))).toEqual([]);
    expect(no.filter((text) => matches(pattern, text))).toEqual([]);
  });

  it.each([
    ['/(a|b)/\\1', ['/a/a', '/b/b'], ['/a/b']],
    ['/(?<x>a+)b\\k<x>', ['/aabaa', '/aba'], ['/aaba']],
    ['/(?!lost)[^/]+', ['/found', '/los'], ['/lost', '/lost+found']],
    ['/(?=a)\\w+', ['/ab'], ['/ba']],
    ['/.*(?<!\\.so)', ['/a', '/.so.1'], ['/a.so']],
    ['/(?>a|ab)c', ['/ac'], ['/abc']],
    ['/a++b', ['/ab', '/aab'], ['/a']],
    ['/a*+ab', [], ['/aab']],
    ['/\\bab\\B.', ['/abc'], ['/ab-']],
    ['/a\\z', ['/a'], ['/a\n']],
    ['/a\\Rb', ['/a\nb', '/a\r\nb', '/a\x85b'], ['/ab']],
    // What an automaton can do, in other words.
    ['/(?i)Ab', ['/aB', '/AB'], ['/a']],
    ['/(?i:\xe4)', ['/\xe4'], ['/\xc4']],
    ['/(?-s).', ['/a', '/\r'], ['/\n']],
    ['(?x) / a # more\n', ['/a'], ['/ a']],
    ['/\\x{41}\\101\\Q.*\\E', ['/AA.*'], ['/AAb']],
    ['/\\h\\N[[:blank:]\\v]', ['/ a\t', '/\xa0\r\x85'], ['/a\n ']],
  ])('%s matches what it says, as PCRE2 has it', (pattern, yes, no) => {
    expect(yes.filter((text) => !matches(pattern, text))).toEqual([]);
    expect(no.filter((text) => matches(pattern, text))).toEqual([]);
  });

  it.each([
    ['*a', 'nothing stands before "*"'],
    ['a|+', 'nothing stands before "+"'],
    ['({2})', 'nothing stands before "{2}"'],
    ['a**', '"*" follows another quantifier'],
    ['a{3,2}', 'the numbers of {3,2} are in the wrong order'],
    ['a{65536}', 'a count may be at most 65535'],
    ['a{,3}', 'a count needs its least number: write {0,…}'],
    ['(a', 'this group has no ")"'],
    ['a)', 'this ")" closes no group'],
    ['(?#a', 'the comment has no ")"'],
    ['[a', 'this class has no "]"'],
    ['[b-a]', 'a range in this class is in the wrong order'],
    ['[a-\\d]', 'a range in this class ends with a class'],
    ['[[:nothing:]]', '[:nothing:] is no class that is known here'],
    ['[[.a.]]', '[.a.] is no class that is known here'],
    ['(*ACCEPT)', 'verbs, (*…), are not known here'],
    ['\\x{100}', 'this is no character'],
    ['\\1', 'there is no group 1'],
    ['a\\', 'a backslash stands at the end'],
    ['((a{100}){100}){100}', 'it is too large, with all that it repeats'],
    [`${'('.repeat(300)}${')'.repeat(300)}`, 'groups are nested too deeply'],
  ])('%s is refused', (pattern, message) => {
    expect(() => compileBytePattern(pattern)).toThrow(
      expect.objectContaining({ name: 'PatternError', message }) as Error,
    );
  });

  it('takes time that grows with the text alone', () => {
    const limits = { steps: 10_000_000, memory: 1e6 };
    expect(matches('(a+)+b', 'a'.repeat(4000), limits)).toBe(false);
    expect(matches('(a?){200}a{200}', 'a'.repeat(200), limits)).toBe(true);
  });

  it('ends when no steps are left that is matched by trying', () => {
    const limits = { steps: 100_000, memory: 0 };
    expect(() => matches('(a*)*\\1c', 'a'.repeat(100), limits)).toThrow(RangeError);
    expect(matches('(a)\\1', 'aa', { steps: 100, memory: 0 })).toBe(true);
  });

  it('ends when no steps are left, and remembers no more than there is memory for', () => {
    expect(() => matches('(a|b)*c', 'ab'.repeat(100), { steps: 50, memory: 1e6 })).toThrow(RangeError);
    const limits = { steps: 1e6, memory: 10 };
    expect(matches('/(a|b|c)*d', '/abcabcd', limits)).toBe(true);
    expect(limits.memory).toBeLessThanOrEqual(10);
  });

  const letter = fc.constantFrom('a', 'b', '/', '.', '\n');
  const atom = fc.oneof(fc.constantFrom('a', 'b', '/', '\\.', '.', '[ab]', '[^/]', '[^a\\n]', '\\w', '\\W', '\\d'));
  const quantified = fc
    .tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?'))
    .map(([part, quantifier]) => part + quantifier);
  const pattern = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc
      .array(
        fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          quantified,
          tie('pattern').map((inside) => `(${inside})`),
          tie('pattern').map((inside) => `(?:${inside})*`),
          fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `(${one}|${other})`),
        ),
        { maxLength: 5 },
      )
      .map((parts) => parts.join('')),
  })).pattern;

  it('matches what another engine says', () => {
    fc.assert(
      fc.property(pattern, fc.string({ unit: letter, maxLength: 8 }), (source, text) => {
        // A line feed at the end may be behind the end, and is not for JavaScript.
        const expected = new RegExp(`^${source}(?=\\n?(?![^]))`, 's').test(text);
        expect(matches(source, text)).toBe(expected);
      }),
      { numRuns: 1500 },
    );
  });
});
