import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from '../../../lib/if-exists.ts';
import { sortByBytes } from '../../../lib/order.ts';
import { isKeyPart } from '../../keys.ts';
import type { StoredObject } from '../../object-store.ts';
import { statObject } from './object-file.ts';

/** The files whose keys begin with a prefix, in the byte order of the keys. @throws CosaError `STORE_PATH` (exit 4) */
export async function* listObjects(
  root: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  const directory = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  // Of what no key can be, nothing is there.
  if (!directory.split('/').slice(0, -1).every(isKeyPart)) return;
  yield* walk(root, directory, prefix, signal);
}

/** @param directory the keys' part up to here: empty, or with a final slash */
async function* walk(
  root: string,
  directory: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  signal?.throwIfAborted();
  const entries = (await ifExists(readdir(join(root, directory), { withFileTypes: true }))) ?? [];
  const named = entries.filter(({ name }) => isKeyPart(name));
  // With its slash, a directory stands where its keys belong: "a-b" comes before "a/b".
  const names = new Map(named.map((entry) => [`${entry.name}${entry.isDirectory() ? '/' : ''}`, entry]));
  for (const name of sortByBytes(names.keys())) {
    const key = `${directory}${name}`;
    if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
    if (names.get(name)?.isDirectory() === true) {
      yield* walk(root, key, prefix, signal);
    } else if (key.startsWith(prefix)) {
      const object = await statObject(root, key);
      if (object !== undefined) yield object;
    }
  }
}
