import { distance } from 'fastest-levenshtein';
import { compareBytes } from './order.ts';

/** How far a word is from what a person may have meant by it, in edits; `undefined` if too far to be meant. */
export function editsBetween(word: string, candidate: string): number | undefined {
  // In a word of three letters, two wrong ones leave nothing to go by.
  const limit = word.length <= 3 ? 1 : Math.min(3, Math.max(2, Math.floor(word.length / 3)));
  const edits = distance(word.toLowerCase(), candidate.toLowerCase());
  return edits <= limit ? edits : undefined;
}

/** The candidates that a person may have meant by `word`, nearest first, at most `count`. */
export function nearest(word: string, candidates: Iterable<string>, count = 1): string[] {
  return [...candidates]
    .flatMap((candidate) => {
      const cost = editsBetween(word, candidate);
      return cost === undefined ? [] : [{ candidate, cost }];
    })
    .sort((a, b) => a.cost - b.cost || compareBytes(a.candidate, b.candidate))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
