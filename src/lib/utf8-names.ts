import { isUtf8 } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { CosaError } from './errors.ts';

/** What a byte that is no UTF-8 becomes when it is read as text. */
const replacement = '\ufffd';

/**
 * Refuses names that were read as text and lost bytes by that: a tree of ostree can only hold names in UTF-8.
 * @param host the directory on the host
 * @param path what it is in messages
 * @param names of its entries
 * @throws CosaError `NAME_NOT_UTF8`, naming the first with its odd bytes as `\xe9`
 */
export async function requireUtf8Names(host: string, path: string, names: readonly string[]): Promise<void> {
  if (!names.some((name) => name.includes(replacement))) return;
  const odd = (await readdir(host, { encoding: 'buffer' })).filter((name) => !isUtf8(name)).sort(Buffer.compare);
  const [first] = odd;
  if (first !== undefined) throw nameNotUtf8(`${path === '/' ? '' : path}/${escapedName(first)}`);
}

/**
 * @param path with its odd bytes escaped
 * @param origin who brings it: `the package cafe brings it`
 */
export function nameNotUtf8(path: string, origin?: string): CosaError {
  const message = `the name of ${path} is not UTF-8${origin === undefined ? '' : `: ${origin}`}`;
  return new CosaError('NAME_NOT_UTF8', message, {
    hint: 'rename the file or remove it in a script, or leave out its package: ostree takes only names in UTF-8',
  });
}

/** A name's bytes for a message: ASCII as it is, everything else as `\xe9`. */
export function escapedName(name: Uint8Array): string {
  return Array.from(name, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}
