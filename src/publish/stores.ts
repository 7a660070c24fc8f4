import { usageError } from '../lib/errors.ts';
import type { ObjectStore } from './object-store.ts';
import type { StoreOptions, StoreSession } from './store-environment.ts';
import { directory } from './stores/directory.ts';
import { s3 } from './stores/s3.ts';
import type { StoreScheme } from './stores/store-scheme.ts';

/** All kinds of object stores: a file and a line each. */
export const storeSchemes: readonly StoreScheme[] = [s3, directory];

/**
 * Opens the object store that a URL names: `s3://BUCKET/PREFIX`, `file:///DIR`. Asks no server and touches no file yet.
 * @throws CosaError `STORE_URL` (exit 2)
 */
export async function openObjectStore(
  url: string,
  options: StoreOptions,
  { stores }: StoreSession,
): Promise<ObjectStore> {
  const [, name = '', text = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(url) ?? [];
  const found = storeSchemes.find(({ scheme }) => scheme === name.toLowerCase());
  // Not quoted: a mistyped address may hold a password.
  if (found === undefined) throw usageError('STORE_URL', noStore(name), { hint: `write ${forms()}` });
  return found.open(text, options, stores);
}

/** How URLs of stores are written, for hints. */
function forms(): string {
  return storeSchemes.map(({ form }) => form).join(' or ');
}

function noStore(scheme: string): string {
  return scheme === '' ? 'that is no URL of an object store' : `"${scheme}:" is no kind of object store`;
}
