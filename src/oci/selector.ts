import { type Digest, isDigest } from '../lib/digest.ts';
import type { CosaError } from '../lib/errors.ts';
import { isTag } from './tag.ts';

/** Which image of a place is meant. With a tag and a digest the digest counts: the tag says what it was. */
export interface Selector {
  tag?: string | undefined;
  digest?: Digest | undefined;
}

/** Makes the error for a reference that is malformed: why it is, and what to write if that is known. */
export type Refuse = (reason: string, hint?: string) => CosaError;

/** `:TAG`, `@DIGEST`, both, or nothing. */
export function formatSelector({ tag, digest }: Selector): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/**
 * Takes the tag or the digest off the end of a reference.
 * @returns what stands before it, too
 * @throws what `refuse` makes
 */
export function splitSelector(text: string, refuse: Refuse): Selector & { before: string } {
  const at = text.lastIndexOf('@');
  if (at !== -1) {
    const digest = text.slice(at + 1);
    if (!isDigest(digest)) throw refuse(`"${digest}" is not a digest: sha256: and 64 hexadecimal digits`);
    return { before: text.slice(0, at), digest };
  }
  const colon = text.lastIndexOf(':');
  if (colon === -1) return { before: text };
  const tag = text.slice(colon + 1);
  if (!isTag(tag)) throw refuse(`"${tag}" is not a tag: letters, digits, "_", "." and "-", at most 128`);
  return { before: text.slice(0, colon), tag };
}
