import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { automatonOf, type MatchBudget } from '../../../src/ostree/labels/automaton.ts';
import { PatternError, parsePattern } from '../../../src/ostree/labels/pattern.ts';

const budget = (): MatchBudget => ({ steps: 1e8, memory: 1e6 });

function matches(pattern: string, text: string, limits = budget()): boolean {
  const automaton = automatonOf(parsePattern(`^${pattern}$`));
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
    ['*a', '"*" repeats nothing'],
    ['a|+', '"+" repeats nothing'],
    ['({2})', '"{" repeats nothing'],
    ['a**', '"*" repeats what is repeated already'],
    ['a++', 'what ends with "+" behind a number of repeats is not supported'],
    ['a{3,2}', '"{3,2}" is no number of repeats'],
    ['a{65536}', '"{65536}" is no number of repeats'],
    ['a{,3}', '"{,3}" is not supported'],
    ['(a', 'a ")" is missing'],
    ['a)', 'a ")" is too many'],
    ['(?#a', 'a ")" is missing'],
    ['[a', 'a "]" is missing'],
    ['[b-a]', 'a range in "[]" ends before it begins'],
    ['[a-\\d]', 'a range in "[]" ends with a class'],
    ['[[:nothing:]]', '"[:nothing:]" is not supported'],
    ['[[.a.]]', '"[.a.]" is not supported'],
    ['(?=a)', '"(?=" is not supported'],
    ['(?!a)', '"(?!" is not supported'],
    ['(?>a)', '"(?>" is not supported'],
    ['(?i)a', '"(?i" is not supported'],
    ['(*ACCEPT)', '"(*" is not supported'],
    ['\\x{41}', '"\\x{" is not supported'],
    ['(a)\\1', '"\\1" is not supported'],
    ['\\Qa', '"\\Q" is not supported'],
    ['a\\', 'nothing follows the last backslash'],
    ['((a{100}){100}){100}', 'it is too large, with all that it repeats'],
  ])('%s is refused', (pattern, message) => {
    expect(() => automatonOf(parsePattern(pattern))).toThrow(new PatternError(message));
  });

  it('is refused where it is too long or too deep', () => {
    expect(() => parsePattern(`${'('.repeat(300)}${')'.repeat(300)}`)).toThrow('more than 200 parentheses');
    expect(() => parsePattern('a'.repeat(5000))).toThrow('it has 5000 characters; 4095 are accepted');
  });

  it('takes time that grows with the text alone', () => {
    const limits = { steps: 10_000_000, memory: 1e6 };
    expect(matches('(a+)+b', 'a'.repeat(4000), limits)).toBe(false);
    expect(matches('(a?){200}a{200}', 'a'.repeat(200), limits)).toBe(true);
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
