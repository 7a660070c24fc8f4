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
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunningProgram } from '../../exec/run.ts';
import { startSettingXattrs, xattrRecord } from '../../exec/tools/setfattr.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { isSystemError } from '../../lib/errors.ts';
import type { Xattr } from '../../lib/xattr.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { type ContentSink, unpackImage } from '../unpack.ts';
import { ostreeImage } from './base-layers.ts';
import { readDirectories } from './directories.ts';
import type { ImageTree } from './image-tree.ts';
import type { ContentEntry, MetadataEntry } from './layer-objects.ts';

/**
 * Unpacks an ostree container into a new repository of mode `bare`, which `ostree admin deploy` can use as it is. Must run
 * as root or namespace root. Not atomic: an error removes the directory, SIGKILL leaves a part of it.
 * @param directory where the repository goes; must not exist
 * @param ref becomes a ref that points to the commit
 * @returns the commit's checksum
 * @throws CosaError what `unpackImage` throws
 */
export async function unpackToRepository(
  reader: ContentReader,
  image: Image,
  directory: string,
  ref: string,
  reporter: Reporter,
): Promise<string> {
  const { commit } = ostreeImage(image);
  await mkdir(directory);
  const repository = await createBareRepository(directory);
  async function begin(tree: ImageTree): Promise<ContentSink> {
    const { objects } = await readDirectories(tree);
    for (const object of objects) await repository.writeMetadata(object);
    return {
      async write(entry) {
        await repository.writeContent(entry);
      },
    };
  }
  try {
    await unpackImage(reader, image, begin, reporter);
    await repository.writeRef(ref, commit);
    await repository.finish();
    return commit;
  } catch (error) {
    await repository.abort();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** A new ostree repository of mode `bare`: objects are files with their real owners, modes and xattrs. */
interface BareRepository {
  /** Stores a metadata object; does nothing if it is there. */
  writeMetadata(entry: Omit<MetadataEntry, 'type'>): Promise<void>;
  /**
   * Stores a content object; one that is there is verified again and left as it is.
   * @returns the bytes that were added
   */
  writeContent(entry: ContentEntry): Promise<number>;
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
async function createBareRepository(directory: string): Promise<BareRepository> {
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
