import { streamDirectory } from '../exec/tools/tar.ts';
import { CosaError } from '../lib/errors.ts';
import type { TarEntry } from '../lib/tar/reader.ts';
import { readTar } from '../lib/tar/reader.ts';
import type { Reporter } from '../progress/reporter.ts';
import { contentHash, dirmetaObject, dirtreeObject, fileTypeBits } from './objects.ts';
import type { ContentObject, FileMetadata, MetadataObject } from './types.ts';

/** A directory tree as ostree sees it: all metadata and checksums, no content. */
export interface Tree {
  /** Every regular file and symbolic link by absolute path (`/usr/bin/true`), in the order of tar. Paths with one content share the object. */
  files: ReadonlyMap<string, ContentObject>;
  /** Every directory by absolute path, parents first, beginning with `/`. */
  directories: ReadonlyMap<string, FileMetadata>;
  /** Every dirmeta and dirtree once, sorted by kind and checksum. */
  metadata: readonly MetadataObject[];
  /** Hex checksums of the root directory. */
  root: { dirtree: string; dirmeta: string };
}

/**
 * Reads a directory once, content included, and computes every object's checksum. Memory grows with the
 * number of files, not with their size. Hard links stay one object; owners are those of the current namespace.
 * @throws CosaError `TREE_SPECIAL_FILE` for devices and FIFOs, `TOOL_FAILED` if a file changes meanwhile
 */
export async function scanTree(root: string, reporter: Reporter): Promise<Tree> {
  const program = streamDirectory(root, reporter.signal);
  const files = new Map<string, ContentObject>();
  const directories = new Map<string, FileMetadata>();
  let bytes = 0;
  try {
    for await (const entry of readTar(program.stdout)) {
      const path = absolutePath(entry.path);
      if (entry.type === 'directory') directories.set(path, fileMetadata(entry, fileTypeBits.directory));
      else files.set(path, await contentObject(entry, path, files));
      bytes += entry.size;
      reporter.progress(bytes, undefined, 'bytes');
    }
  } catch (error) {
    // A stream that ends early is a tar that has failed, and tar says why.
    if (error instanceof CosaError && error.code === 'TAR_TRUNCATED') await program.done;
    program.kill();
    throw error;
  }
  await program.done;
  return { files, directories, ...directoryObjects(files, directories) };
}

async function contentObject(
  entry: TarEntry,
  path: string,
  files: ReadonlyMap<string, ContentObject>,
): Promise<ContentObject> {
  switch (entry.type) {
    case 'file': {
      const metadata = fileMetadata(entry, fileTypeBits.file);
      const hash = contentHash(metadata, '');
      for await (const chunk of entry.content()) hash.update(chunk);
      return { ...metadata, checksum: hash.digest('hex'), size: entry.size, symlinkTarget: '' };
    }
    case 'symlink': {
      const metadata = fileMetadata(entry, fileTypeBits.symlink);
      const checksum = contentHash(metadata, entry.linkTarget).digest('hex');
      return { ...metadata, checksum, size: 0, symlinkTarget: entry.linkTarget };
    }
    default: {
      const linked = entry.type === 'hardlink' ? files.get(absolutePath(entry.linkTarget)) : undefined;
      if (linked !== undefined) return linked;
      throw new CosaError(
        'TREE_SPECIAL_FILE',
        `${path} is a ${entry.type}: ostree stores files, links and directories`,
        {
          hint: 'remove it in a postprocess script; devices are made by udev or systemd-tmpfiles when the system boots',
        },
      );
    }
  }
}

function fileMetadata({ uid, gid, mode, xattrs }: TarEntry, typeBits: number): FileMetadata {
  // ostree passes over xattrs without a value when it reads a file: a commit of the same tree must be the same.
  return { uid, gid, mode: typeBits | mode, xattrs: xattrs.filter(({ value }) => value.length > 0) };
}

/** `./usr/bin/` → `/usr/bin`, `./` → `/`. */
function absolutePath(name: string): string {
  const path = name.replace(/^\.(?=\/|$)/, '').replace(/\/$/, '');
  return path === '' ? '/' : path;
}

interface Entries {
  files: { name: string; checksum: string }[];
  directories: { name: string; dirtree: string; dirmeta: string }[];
}

function directoryObjects(
  files: ReadonlyMap<string, ContentObject>,
  directories: ReadonlyMap<string, FileMetadata>,
): Pick<Tree, 'metadata' | 'root'> {
  const entriesOf = new Map<string, Entries>();
  for (const path of directories.keys()) entriesOf.set(path, { files: [], directories: [] });
  for (const [path, { checksum }] of files) {
    const [parent, name] = splitPath(path);
    entriesOf.get(parent)?.files.push({ name, checksum });
  }
  const objects = new Map<string, MetadataObject>();
  let root = { dirtree: '', dirmeta: '' };
  // Children stand behind their parents: backwards, each directory's entries are complete when it is reached.
  for (const [path, metadata] of [...directories].reverse()) {
    const dirtree = dirtreeObject(entriesOf.get(path) ?? { files: [], directories: [] });
    const dirmeta = dirmetaObject(metadata);
    for (const object of [dirtree, dirmeta]) objects.set(object.kind + object.checksum, object);
    root = { dirtree: dirtree.checksum, dirmeta: dirmeta.checksum };
    const [parent, name] = splitPath(path);
    if (path !== '/') entriesOf.get(parent)?.directories.push({ name, ...root });
  }
  const sorted = [...objects].sort(([a], [b]) => (a < b ? -1 : 1));
  return { metadata: sorted.map(([, object]) => object), root };
}

function splitPath(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash) || '/', path.slice(slash + 1)];
}
