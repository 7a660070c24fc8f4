import { usageError } from '../lib/errors.ts';
import type { Refuse } from './selector.ts';
import type { Reference, Transport } from './transports/transport.ts';
import { transports } from './transports.ts';

/**
 * Parses an image reference. Touches no file.
 * @throws CosaError `REFERENCE_INVALID` (exit 2), saying which part is wrong
 */
export function parseReference(text: string): Reference {
  const { transport, rest } = transportOf(text);
  const refuse: Refuse = (reason, hint = `write ${forms()}`) =>
    usageError('REFERENCE_INVALID', `reference "${text}": ${reason}`, { hint });
  if (rest === '' && transport.prefix !== '') throw refuse(`nothing follows "${transport.prefix}"`);
  return transport.parse(rest, refuse);
}

/**
 * As {@link parseReference}, but in files that other tools wrote an image may have a name that is no tag: what lies there
 * decides.
 * @param workDirectory what relative paths start from
 */
export async function findReference(text: string, workDirectory: string): Promise<Reference> {
  const { transport, rest } = transportOf(text);
  return (await transport.findByName?.(rest, workDirectory)) ?? parseReference(text);
}

/** True for a text that begins as a reference does that says where the image lies; a bare name does not. */
export function namesPlace(text: string): boolean {
  return transportOf(text).transport.prefix !== '';
}

function transportOf(text: string): { transport: Transport; rest: string } {
  for (const transport of transports) {
    if (text.startsWith(transport.prefix)) return { transport, rest: text.slice(transport.prefix.length) };
  }
  throw new Error('the last transport takes what no other takes');
}

function forms(): string {
  const all = transports.map(({ form }) => form);
  return `${all.slice(0, -1).join(', ')}, or ${all.at(-1)}`;
}

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
  const { transport, rest } = transportOf(text);
  const [, path, pattern] = /^(?:(.*):)?([^/:@]*[*?][^/:@]*)$/.exec(rest) ?? [];
  // A bare name has nothing before the tag; every other reference has.
  if (pattern === undefined || (path === undefined) !== (transport.prefix === '')) return undefined;
  if (/^[a-zA-Z0-9._*?-]+$/.test(pattern))
    return { place: path === undefined ? undefined : `${transport.prefix}${path}`, pattern };
  throw usageError('TAG_PATTERN_INVALID', `reference "${text}": "${pattern}" is not a pattern for tags`, {
    hint: 'use letters, digits, "_", ".", "-", and "*" and "?" for what may be anything',
  });
}
