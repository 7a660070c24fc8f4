import { type BigIntStats, constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { ifExists } from '../../../lib/if-exists.ts';
import { objectMissing } from '../../object-errors.ts';
import type { ReadOptions, StoredObject } from '../../object-store.ts';
import { containedPath } from './contained-path.ts';

/** So much of a file is read with one call, in bytes. */
const readSize = 1024 * 1024;

/** What the file system tells of a file. Each write makes a new one, so a changed content has another inode or time. */
export function storedObject(key: string, { ino, mtimeNs, size, mtime }: BigIntStats): StoredObject {
  return { key, size: Number(size), etag: `${ino.toString(16)}-${mtimeNs.toString(16)}-${size}`, modified: mtime };
}

/** The file of a key, or `undefined` if there is none. @throws CosaError `STORE_PATH` (exit 4) */
export async function statObject(root: string, key: string): Promise<StoredObject | undefined> {
  const path = await containedPath(root, key);
  const stats = path === undefined ? undefined : await ifExists(stat(path, { bigint: true }));
  return stats?.isFile() === true ? storedObject(key, stats) : undefined;
}

/** The file's bytes, or a range of them. @throws CosaError `OBJECT_MISSING`, `STORE_PATH` (exit 4) */
export async function* readObject(
  root: string,
  key: string,
  url: string,
  { start = 0, end, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  const path = await containedPath(root, key);
  // Opened before it is looked at: by its name it may be another file a moment later.
  const file = path === undefined ? undefined : await ifExists(open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (file === undefined) throw objectMissing(key, url);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw objectMissing(key, url);
    const last = Math.min(end ?? stats.size, stats.size) - 1;
    if (last < start) return;
    const options = { start, end: last, highWaterMark: readSize, autoClose: false };
    for await (const chunk of file.createReadStream(options)) {
      signal?.throwIfAborted();
      yield chunk as Buffer;
    }
  } finally {
    await file.close();
  }
}
