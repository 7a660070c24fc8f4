import type { Place } from '../place.ts';
import type { RefusedSignature } from './find.ts';

/** Refused signatures that an error lists. */
const shownReasons = 5;

/** A hint that names the command which signs an image: outside of a registry, nothing else tells under which name. */
export function signHint(reference: string, { imageName }: Place): string {
  const identity = imageName !== undefined ? '' : ' --identity HOST/REPOSITORY';
  return `sign it with "cosa sign --key FILE${identity} ${reference}"`;
}

/** What was found, a line each. */
export function reasonLines(refused: readonly RefusedSignature[]): string[] {
  const lines = refused.slice(0, shownReasons).map(({ kind, digest, reason }) => {
    const subject = digest === undefined ? `${kind}s` : `${kind} ${digest}`;
    return `  ${subject}: ${reason}`;
  });
  const more = refused.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}
