import { compileMatcher } from './perl-pattern/match.ts';
import { parsePattern } from './perl-pattern/parse.ts';
import { unicode } from './perl-pattern/unicode.ts';

export type { Automaton, MatchBudget, State } from './perl-pattern/automaton.ts';
export { compileBytePattern } from './perl-pattern/byte-pattern.ts';
export { PatternError } from './perl-pattern/syntax.ts';

/** A regular expression of Perl's kind, compiled. */
export interface PerlPattern {
  /**
   * Whether it is found anywhere in the text.
   * @throws RangeError where the search takes more steps than all searches of this expression may take together
   */
  isFoundIn(text: string): boolean;
}

/** Steps of all searches with one expression: some seconds. How many a search takes does not depend on the machine. */
const maximumSteps = 20_000_000;

/**
 * Compiles a regular expression as PCRE2 has them, with Unicode properties, which is what GLib's GRegex takes: atomic groups
 * and possessive quantifiers, `\A` and `\z`, POSIX classes, inline flags, comments, look-around and back references among it.
 * Recursion, conditions on groups, verbs and callouts are not known. Searching takes a bounded number of steps.
 * https://www.pcre.org/current/doc/html/pcre2pattern.html
 * @throws PatternError with the place of what is wrong
 */
export function compilePerlPattern(source: string): PerlPattern {
  const { root, groups } = parsePattern(source, unicode, false);
  const matcher = compileMatcher(root, groups);
  let left = maximumSteps;
  return {
    isFoundIn(text) {
      const { isFound, steps } = matcher(text, left);
      left -= steps;
      return isFound;
    },
  };
}
