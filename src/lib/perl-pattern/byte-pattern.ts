import { type Automaton, automatonOf, type State } from './automaton.ts';
import { bytes } from './bytes.ts';
import { compileMatcher } from './match.ts';
import { type ParsedPattern, parsePattern } from './parse.ts';
import type { PatternNode } from './syntax.ts';

/** An expression for bytes, compiled. */
export interface BytePattern {
  automaton: Automaton;
  /** What every text begins with that it matches; undefined where that does not show. */
  prefix: string | undefined;
}

/**
 * Compiles an expression as PCRE2 has them, for texts of bytes, a character each; a dot takes all of them. What an automaton
 * cannot do is matched by trying, within the same number of steps.
 * @throws PatternError
 */
export function compileBytePattern(source: string): BytePattern {
  const parsed = parsePattern(source, bytes, true);
  return { automaton: automatonOf(parsed.root) ?? backtracking(parsed), prefix: prefixOf(parsed.root) };
}

/** Texts are looked at as a whole, at their ends. */
function backtracking({ root, groups }: ParsedPattern): Automaton {
  const search = compileMatcher(root, groups);
  const state: State = { places: [0], isMatch: false, isMatchAtEnd: false, next: new Map() };
  return {
    start: () => state,
    advance: () => state,
    matchesRest(_state, text, _from, budget) {
      const { isFound, steps } = search(text, budget.steps);
      budget.steps -= steps;
      return isFound;
    },
  };
}

function prefixOf(root: PatternNode): string | undefined {
  const [first, ...others] = root.type === 'sequence' ? root.items : [];
  if (first?.type !== 'place' || first.place !== 'begin') return undefined;
  let prefix = '';
  for (const node of others) {
    if (node.type !== 'character' || node.code === undefined) break;
    prefix += String.fromCharCode(node.code);
  }
  return prefix;
}
