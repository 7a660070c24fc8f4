import { usageError } from '../lib/errors.ts';

/**
 * The address under which people find the objects of a store, as somebody has written it.
 * @returns it without a final slash; `undefined` for `undefined`
 * @throws CosaError `BASE_URL` (exit 2)
 */
export function baseUrlOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  // Not quoted: whoever put a password into it shall not see it in a log.
  if (!isPlain || !/^(https?|file):$/.test(url.protocol)) {
    throw usageError('BASE_URL', '--base-url is no address of files', {
      hint: 'write https://HOST/PATH, without user, password and query',
    });
  }
  return url.href.replace(/\/+$/, '');
}
