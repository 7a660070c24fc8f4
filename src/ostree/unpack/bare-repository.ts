import {
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunningProgram } from '../../exec/run.ts';
import { startSettingXattrs, xattrRecord } from '../../exec/tools/setfattr.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { isSystemError } from '../../lib/errors.ts';
import { exists, ifExists } from '../../lib/if-exists.ts';
import type { Xattr } from '../../lib/xattr.ts';
import type { MetadataKind } from './commit-tree.ts';
import type { ContentEntry, MetadataEntry } from './layer-objects.ts';

/** A new ostree repository of mode `bare`: objects are files with their real owners, modes and xattrs. */
export interface BareRepository {
  /** Stores a metadata object; does nothing if it is there. */
  writeMetadata(entry: MetadataEntry): Promise<void>;
  /**
   * Stores a content object; one that is there is verified again and left as it is.
   * @returns the bytes that were added
   */
  writeContent(entry: ContentEntry): Promise<number>;
  readMetadata(kind: MetadataKind, checksum: string): Promise<Buffer | undefined>;
  hasContent(checksum: string): Promise<boolean>;
  /** Points a ref (`ostree/1/1/0`) at a commit. */
  writeRef(name: string, commit: string): Promise<void>;
  /** Waits until all xattrs are set. */
  finish(): Promise<void>;
  /** Ends what still runs. */
  abort(): Promise<void>;
}

/** ostree's repository format: https://ostreedev.github.io/ostree/repo/ */
const config = '[core]\nrepo_version=1\nmode=bare\n';
const directories = ['extensions', 'objects', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'state', 'tmp/cache'];

/** Makes an empty repository in a directory that exists and is empty. */
export async function createBareRepository(directory: string): Promise<BareRepository> {
  await writeFile(join(directory, 'config'), config);
  for (const name of directories) await makeDirectory(join(directory, name));
  const objectDirectories = new Set<string>();
  let xattrSetter: Promise<RunningProgram> | undefined;

  /** The object's path below the repository; its directory is made when it gets its first object. */
  function newObjectPath(checksum: string, kind: string): string {
    const first = checksum.slice(0, 2);
    if (!objectDirectories.has(first)) {
      mkdirSync(join(directory, 'objects', first));
      objectDirectories.add(first);
    }
    return objectPath(checksum, kind);
  }

  async function setXattrs(path: string, xattrs: readonly Xattr[]): Promise<void> {
    xattrSetter ??= startSettingXattrs(directory);
    const { stdin, done } = await xattrSetter;
    if (stdin.write(xattrRecord(path, xattrs))) return;
    await Promise.race([new Promise((resolve) => stdin.once('drain', resolve)), done]);
  }

  return {
    async writeMetadata({ kind, checksum, bytes }) {
      try {
        await writeFile(join(directory, newObjectPath(checksum, kind)), bytes, { flag: 'wx', mode: 0o644 });
      } catch (error) {
        if (!isSystemError(error, 'EEXIST')) throw error;
      }
    },

    async writeContent(entry) {
      const path = newObjectPath(entry.checksum, 'file');
      const isNew = await writeObject(join(directory, path), entry);
      if (isNew && entry.xattrs.length > 0) await setXattrs(path, entry.xattrs);
      return isNew ? entry.size : 0;
    },

    async readMetadata(kind, checksum) {
      return ifExists(readFile(join(directory, objectPath(checksum, kind))));
    },

    async hasContent(checksum) {
      return exists(join(directory, objectPath(checksum, 'file')));
    },

    async writeRef(name, commit) {
      const path = join(directory, 'refs/heads', name);
      await makeDirectory(dirname(path));
      await writeFile(path, `${commit}\n`);
    },

    async finish() {
      const setter = await xattrSetter;
      setter?.stdin.end();
      await setter?.done;
    },

    async abort() {
      (await xattrSetter)?.kill('SIGKILL');
    },
  };
}

function objectPath(checksum: string, kind: string): string {
  return `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${kind}`;
}

/**
 * Writes one object under its final name: the caller throws the repository away if it turns out wrong. System calls
 * are made directly, for objects are many and small and each trip through the thread pool costs more than the call.
 * @returns false if the object was there
 */
async function writeObject(path: string, entry: ContentEntry): Promise<boolean> {
  if (entry.kind === 'symlink') {
    await drain(entry);
    return writeSymlink(path, entry);
  }
  const file = openNew(path);
  if (file === undefined) {
    await drain(entry);
    return false;
  }
  try {
    for await (const chunk of entry.content()) writeFully(file, chunk);
    // Owner before mode: a change of owner clears set-uid bits and file capabilities.
    fchownSync(file, entry.uid, entry.gid);
    fchmodSync(file, entry.mode);
    futimesSync(file, 0, 0);
  } finally {
    closeSync(file);
  }
  return true;
}

function writeSymlink(path: string, entry: ContentEntry): boolean {
  try {
    symlinkSync(entry.symlinkTarget, path);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  }
  lchownSync(path, entry.uid, entry.gid);
  lutimesSync(path, 0, 0);
  return true;
}

function openNew(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return undefined;
    throw error;
  }
}

function writeFully(file: number, chunk: Buffer): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
}

/** Reads an object to its end, which verifies it. */
async function drain(entry: ContentEntry): Promise<void> {
  const content = entry.content();
  while ((await content.next()).done !== true);
}
