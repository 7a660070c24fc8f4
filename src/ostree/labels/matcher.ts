import { CosaError } from '../../lib/errors.ts';
import type { Automaton, MatchBudget, State } from '../../lib/perl-pattern.ts';
import type { ContextRule, FileKind } from './file-contexts.ts';
import { type Substitution, substitute } from './substitutions.ts';

/** What decides the labels of paths. */
export interface FileContexts {
  /** Of all files, in the order in which they count: the last rule that matches does. */
  rules: readonly ContextRule[];
  /** file_contexts.subs, then file_contexts.subs_dist: of each, one is applied. */
  substitutions: readonly (readonly Substitution[])[];
}

/** The context of a path, a character a byte. @returns undefined for none */
export type Matcher = (path: string, kind: FileKind) => string | undefined;

/** A system takes 300 for each of its paths with a policy that is in use: it is some seconds' work. */
const mostSteps = 1e9;
/** Numbers of 8 bytes. */
const mostRemembered = 1e7;

/** Longer ones are cut: each length that there is costs a look-up a path. */
const longestPrefix = 64;

/** A rule with a pattern. */
interface PatternRule {
  index: number;
  rule: ContextRule;
  automaton: Automaton;
}

/** A rule that may match what is in a directory, and where its pattern stands behind the directory's path. */
interface LiveRule extends PatternRule {
  state: State;
}

/** A directory's path, with a slash at its end, and the rules whose beginning it has; the last one first. */
interface DirectoryRules {
  path: string;
  live: readonly LiveRule[];
}

/**
 * Looks paths up as libselinux does: one path as a rule says it wins over all patterns, of others the last one. Of thousands of
 * rules those alone are tried whose beginning is the path's, and what was found out about a directory serves for what is
 * in it: paths should come in the order of a walk.
 * @throws (the matcher) CosaError `SELINUX_POLICY` for patterns that take too long
 */
export function matcherOf({ rules, substitutions }: FileContexts): Matcher {
  const { literals, patterns, lengths } = indexed(rules);
  const budget: MatchBudget = { steps: mostSteps, memory: mostRemembered };
  let chain: DirectoryRules[] = [];

  /** Rules whose prefix ends in a part of a path, not before it; the last one first. */
  function beginningIn(path: string, from: number, to: number): PatternRule[] {
    const found: PatternRule[] = [];
    for (const length of lengths) {
      if (length < from || length >= to) continue;
      const known = patterns.get(path.slice(0, length));
      if (known !== undefined) found.push(...known);
    }
    budget.steps -= found.length;
    return found.length < 2 ? found : found.sort((a, b) => b.index - a.index);
  }

  function rulesOf(directory: string): readonly LiveRule[] {
    while (chain.length > 0 && !directory.startsWith((chain.at(-1) as DirectoryRules).path)) chain.pop();
    let above = chain.at(-1) ?? { path: '', live: [] };
    while (above.path.length < directory.length) {
      const end = directory.indexOf('/', above.path.length) + 1;
      above = { path: directory.slice(0, end), live: below(above, directory, end) };
      chain.push(above);
    }
    return above.live;
  }

  function below({ path, live }: DirectoryRules, directory: string, end: number): LiveRule[] {
    const found: LiveRule[] = [];
    for (const each of live) {
      const state = each.automaton.advance(each.state, directory, path.length, end, budget);
      if (state !== undefined) found.push({ ...each, state });
    }
    for (const each of beginningIn(directory, path.length, end)) {
      const state = each.automaton.advance(each.automaton.start(budget), directory, 0, end, budget);
      if (state !== undefined) found.push({ ...each, state });
    }
    return found.sort((a, b) => b.index - a.index);
  }

  function lookUp(path: string, kind: FileKind): string | undefined {
    const clean = path.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
    const key = substitutions.reduce(substitute, clean);
    const fits = ({ kind: wanted }: ContextRule) => wanted === undefined || wanted === kind;
    const literal = literals.get(key)?.find(fits);
    if (literal !== undefined) return literal.context;
    const directory = key.slice(0, key.lastIndexOf('/') + 1);
    let last = -1;
    for (const { index, rule, automaton } of beginningIn(key, directory.length, key.length + 1)) {
      if (!fits(rule) || !automaton.matchesRest(automaton.start(budget), key, 0, budget)) continue;
      last = index;
      break;
    }
    for (const { index, rule, automaton, state } of rulesOf(directory)) {
      if (index < last) break;
      if (fits(rule) && automaton.matchesRest(state, key, directory.length, budget)) return rule.context;
    }
    return rules[last]?.context;
  }

  return (path, kind) => {
    try {
      return lookUp(path, kind);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      chain = [];
      throw new CosaError('SELINUX_POLICY', `the SELinux policy's patterns take too long: ${error.message}`, {
        hint: 'no policy that is in use has such patterns: do not trust the container',
      });
    }
  };
}

function indexed(rules: readonly ContextRule[]) {
  const literals = new Map<string, ContextRule[]>();
  const patterns = new Map<string, PatternRule[]>();
  for (const [index, rule] of rules.entries()) {
    const { match } = rule;
    if ('path' in match) {
      const known = literals.get(match.path);
      if (known === undefined) literals.set(match.path, [rule]);
      else known.unshift(rule);
      continue;
    }
    const { automaton } = match;
    const prefix = match.prefix.slice(0, longestPrefix);
    const known = patterns.get(prefix);
    if (known === undefined) patterns.set(prefix, [{ index, rule, automaton }]);
    else known.push({ index, rule, automaton });
  }
  const lengths = [...new Set([...patterns.keys()].map(({ length }) => length))].sort((a, b) => a - b);
  return { literals, patterns, lengths };
}
