import { editsBetween } from '../lib/nearest.ts';
import { otherName } from './other-names.ts';

/** More than these are a list, and not a suggestion. */
const mostSuggestions = 3;

/**
 * What to do instead of a command that is unknown, as a hint.
 * @param path the words before it, after `cosa`: none, or a family
 * @param names the program's commands by their words after `cosa`: "ostree build"
 */
export function commandHint(path: readonly string[], word: string, names: readonly string[]): string | undefined {
  const known = otherName([...path, word].join(' '));
  if (known !== undefined) return known;
  const inFamily = names.filter((name) => path.every((part, index) => name.split(' ')[index] === part));
  const [first, ...others] = likeliest(word, inFamily.length > 0 ? inFamily : names).map((name) => `cosa ${name}`);
  if (first === undefined) return undefined;
  const last = others.pop();
  return `did you mean ${last === undefined ? first : `${[first, ...others].join(', ')} or ${last}`}?`;
}

/** The commands that are nearest to a word, all of them that are equally near. */
function likeliest(word: string, names: readonly string[]): string[] {
  const costs = names.flatMap((name) => {
    const cost = costOf(word, name);
    return cost === undefined ? [] : [{ name, cost }];
  });
  const least = Math.min(...costs.map(({ cost }) => cost));
  const found = costs.filter(({ cost }) => cost === least).map(({ name }) => name);
  return found.length > mostSuggestions ? [] : found;
}

/** A command's whole name is nearer than one of its words; what begins like a name is as good as a typing error. */
function costOf(word: string, name: string): number | undefined {
  const parts = name.split(' ');
  const costs = [name, ...parts].map((part) => {
    const edits =
      word.length >= 2 && part.startsWith(word) ? Math.min(1, part.length - word.length) : editsBetween(word, part);
    return edits === undefined ? undefined : edits + (part === name ? 0 : 0.5);
  });
  const known = costs.filter((cost) => cost !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
