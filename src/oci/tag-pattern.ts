import { usageError } from '../lib/errors.ts';
import { isMachineryTag } from './tag.ts';

/** Several tags of one place: `docker://HOST/REPO:testing-*`. */
export interface TagPattern {
  /** The reference without its pattern; `undefined` for the work directory's `oci/`. */
  place: string | undefined;
  /** With `*` for any characters and `?` for one. */
  pattern: string;
}

/**
 * Splits a reference whose tag is a pattern, or gives `undefined` if it has none: then it is an ordinary reference.
 * @throws CosaError `TAG_PATTERN_INVALID` (exit 2)
 */
export function splitTagPattern(text: string): TagPattern | undefined {
  const [, place, pattern] = /^(?:((?:docker:\/\/|oci:|oci-archive:).*):)?([^/:@]*[*?][^/:@]*)$/.exec(text) ?? [];
  if (pattern === undefined) return undefined;
  if (/^[a-zA-Z0-9._*?-]+$/.test(pattern)) return { place, pattern };
  throw usageError('TAG_PATTERN_INVALID', `reference "${text}": "${pattern}" is not a pattern for tags`, {
    hint: 'use letters, digits, "_", ".", "-", and "*" and "?" for what may be anything',
  });
}

/** Those of the tags that a pattern stands for, in their order; never what belongs to signatures and referrers. */
export function matchingTags(pattern: string, tags: readonly string[]): string[] {
  const source = pattern.replace(/[.*?]/g, (character) => ({ '*': '.*', '?': '.' })[character] ?? `\\${character}`);
  const expression = new RegExp(`^${source}$`);
  return tags.filter((tag) => expression.test(tag) && !isMachineryTag(tag));
}
