import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withLock } from '../../exec/lock.ts';
import { openScratch, type Scratch } from '../../exec/scratch.ts';
import { usageError } from '../../lib/errors.ts';
import { fsyncPath, temporaryName } from '../../lib/files.ts';
import { baseUrlOf } from '../base-url.ts';
import { checkKey } from '../keys.ts';
import { objectChanged, sourceChanged } from '../object-errors.ts';
import {
  mostDocumentBytes,
  type ObjectStore,
  type StoredObject,
  type UploadOptions,
  type UploadSource,
  type WriteCondition,
} from '../object-store.ts';
import type { StoreOptions } from '../store-environment.ts';
import { containedPath, makeContainedDirectory } from './directory/contained-path.ts';
import { listObjects } from './directory/list-objects.ts';
import { readObject, statObject, storedObject } from './directory/object-file.ts';
import type { StoreScheme } from './store-scheme.ts';

/** A directory as an object store, for a web server to serve: each object is the file of its key. */
export const directory: StoreScheme = {
  scheme: 'file',
  form: 'file:///DIR',
  open: async (text, options) => openDirectoryStore(parsePath(text), options),
};

/** In the directory: held for the moment in which a file gets its name, or loses it. No key begins with a dot. */
const lockName = '.cosa.lock';

function parsePath(text: string): string {
  const refuse = (reason: string) =>
    usageError('STORE_URL', `file://${text} names no directory: ${reason}`, { hint: 'write file:///DIR' });
  if (!text.startsWith('/')) throw refuse('three slashes stand before a directory');
  if (/[?#]/.test(text)) throw refuse('"?" and "#" are written as %3F and %23');
  try {
    return resolve(fileURLToPath(`file://${text}`));
  } catch {
    throw refuse('"%" stands before two hexadecimal digits, and is itself written as %25');
  }
}

function openDirectoryStore(root: string, { baseUrl, access }: StoreOptions): ObjectStore {
  const mode = access === 'private' ? 0o600 : 0o644;
  const url = pathToFileURL(root).href;
  let scratch: Promise<Scratch> | undefined;

  /** Opening the scratch directory removes what dead processes have left. */
  async function temporaryPath(key: string): Promise<string> {
    scratch ??= openScratch(root);
    return temporaryName(join((await scratch).path, basename(key)));
  }

  const locked = <T>(action: () => Promise<T>) => withLock(join(root, lockName), action);

  /** @throws CosaError `OBJECT_CHANGED` (exit 4) */
  async function place(key: string, temporary: string, condition: WriteCondition | undefined): Promise<void> {
    const parent = await makeContainedDirectory(root, dirname(key));
    await locked(async () => {
      if (condition !== undefined && !holds(condition, await statObject(root, key))) throw objectChanged(key, url);
      await rename(temporary, join(parent, basename(key)));
      await fsyncPath(parent);
    });
  }

  async function write(
    key: string,
    fill: (handle: FileHandle) => Promise<void>,
    condition?: WriteCondition,
  ): Promise<StoredObject> {
    const temporary = await temporaryPath(checkKey(key));
    const handle = await open(temporary, 'wx', mode);
    try {
      await fill(handle);
      await handle.sync();
      await place(key, temporary, condition);
      // Of what was written here, whoever may have written since.
      return storedObject(key, await handle.stat({ bigint: true }));
    } finally {
      await handle.close();
      await rm(temporary, { force: true });
    }
  }

  return {
    url,
    baseUrl: baseUrlOf(baseUrl) ?? url,
    directory: root,
    honoursConditions: async () => true,
    async stat(key, signal) {
      signal?.throwIfAborted();
      return statObject(root, checkKey(key));
    },
    list: (prefix, signal) => listObjects(root, prefix, signal),
    read: (key, options) => readObject(root, checkKey(key), url, options),
    async put(key, bytes, _headers, { condition, signal } = {}) {
      signal?.throwIfAborted();
      if (bytes.length > mostDocumentBytes) throw new Error(`${key} is too large for a document`);
      const { etag } = await write(key, (handle) => handle.writeFile(bytes), condition);
      return etag;
    },
    async upload(key, source, _headers, options = {}) {
      options.signal?.throwIfAborted();
      const there = await statObject(root, checkKey(key));
      if (there?.size === source.size && (await hasContent(root, key, source, url, options.signal))) {
        options.report?.(source.size);
        return { ...there, sha256: source.sha256 };
      }
      const written = await write(key, (handle) => copy(source, key, handle, options));
      return { ...written, sha256: source.sha256 };
    },
    async remove(key, signal) {
      signal?.throwIfAborted();
      const path = await containedPath(root, checkKey(key));
      if (path === undefined) return;
      await locked(async () => {
        await rm(join(root, key), { force: true });
        await fsyncPath(dirname(join(root, key)));
      });
    },
    async [Symbol.asyncDispose]() {
      await (await scratch)?.[Symbol.asyncDispose]();
    },
  };
}

function holds(condition: WriteCondition, there: StoredObject | undefined): boolean {
  return 'absent' in condition ? there === undefined : there?.etag === condition.etag;
}

/** The file system keeps no checksums: what is there is read. */
async function hasContent(
  root: string,
  key: string,
  { sha256 }: UploadSource,
  url: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const hash = createHash('sha256');
  for await (const chunk of readObject(root, key, url, { signal })) hash.update(chunk);
  return hash.digest('hex') === sha256;
}

/** @throws CosaError `UPLOAD_SOURCE_CHANGED` (exit 4) */
async function copy(
  { size, sha256, open: openSource }: UploadSource,
  key: string,
  handle: FileHandle,
  { report, signal }: UploadOptions,
): Promise<void> {
  const hash = createHash('sha256');
  let copied = 0;
  for await (const chunk of openSource(0, size, signal)) {
    signal?.throwIfAborted();
    copied += chunk.length;
    if (copied > size) break;
    hash.update(chunk);
    await handle.writeFile(chunk);
    report?.(chunk.length);
  }
  if (copied !== size || hash.digest('hex') !== sha256) throw sourceChanged(key);
}
