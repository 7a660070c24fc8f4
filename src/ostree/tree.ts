import { CosaError } from '../lib/errors.ts';
import type { Reporter } from '../progress/reporter.ts';
import { contentHash, fileTypeBits } from './objects.ts';
import { fileChecksums } from './tree/checksums.ts';
import { type DirectoryObjects, directoryObjects } from './tree/directory-objects.ts';
import { foundEntries, type TreeEntry } from './tree/found-entries.ts';
import type { ContentObject, FileMetadata } from './types.ts';

/** A directory tree as ostree sees it: all metadata and checksums, no content. */
export interface Tree extends DirectoryObjects {
  /** Every regular file and symbolic link by absolute path (`/usr/bin/true`), each directory in the order of names. Paths with one content share the object. */
  files: ReadonlyMap<string, ContentObject>;
  /** Every directory by absolute path, parents first, beginning with `/`. */
  directories: ReadonlyMap<string, FileMetadata>;
}

/**
 * Reads a directory once, content included, and computes every object's checksum. Memory grows with the
 * number of files, by less than 1 KiB each, not with their size. Hard links stay one object; owners are those of the
 * current namespace. Sockets are left out: they are of no use without the process that made them.
 * @throws CosaError `TREE_SPECIAL_FILE` for devices and FIFOs, `TREE_CHANGED` if a file changes its size meanwhile,
 *   `NAME_NOT_UTF8`, `TOOL_FAILED`, `THREAD_FAILED`; system errors, which name the file; the reporter's signal's reason
 */
export async function scanTree(root: string, reporter: Reporter): Promise<Tree> {
  const entries = (await foundEntries(root, reporter.signal)).filter(({ type }) => type !== 'socket');
  const special = entries.find(({ type }) => type !== 'file' && type !== 'symlink' && type !== 'directory');
  if (special !== undefined) {
    throw new CosaError(
      'TREE_SPECIAL_FILE',
      `${special.path} is a ${special.type}: ostree stores files, links and directories`,
      {
        hint: 'remove it in a postprocess script; devices are made by udev or systemd-tmpfiles when the system boots',
      },
    );
  }
  const directories = new Map<string, FileMetadata>();
  const others: TreeEntry[] = [];
  for (const entry of entries) {
    if (entry.type === 'directory') directories.set(entry.path, fileMetadata(entry, fileTypeBits.directory));
    else others.push(entry);
  }
  const files = await contentObjects(root, others, reporter);
  return { files, directories, ...directoryObjects(files, directories) };
}

async function contentObjects(
  root: string,
  entries: readonly TreeEntry[],
  reporter: Reporter,
): Promise<Map<string, ContentObject>> {
  const byInode = new Map<string, ContentObject>();
  const files = new Map<string, ContentObject>();
  const unread: { object: ContentObject; path: string }[] = [];
  for (const entry of entries) {
    const known = entry.inode === '' ? undefined : byInode.get(entry.inode);
    const object = known ?? unnamedObject(entry);
    files.set(entry.path, object);
    if (known !== undefined) continue;
    if (entry.inode !== '') byInode.set(entry.inode, object);
    if (entry.type === 'file') unread.push({ object, path: entry.path });
  }
  const checksums = await fileChecksums(root, unread, reporter);
  unread.forEach(({ object }, index) => {
    object.checksum = checksums[index] ?? '';
  });
  return files;
}

/** A content object, whose name is still missing if it is a file. */
function unnamedObject(entry: TreeEntry): ContentObject {
  const { type, linkTarget } = entry;
  if (type === 'file') {
    return { ...fileMetadata(entry, fileTypeBits.file), checksum: '', size: entry.size, symlinkTarget: '' };
  }
  const metadata = fileMetadata(entry, fileTypeBits.symlink);
  const checksum = contentHash(metadata, linkTarget).digest('hex');
  return { ...metadata, checksum, size: 0, symlinkTarget: linkTarget };
}

function fileMetadata({ uid, gid, mode, xattrs }: TreeEntry, typeBits: number): FileMetadata {
  // ostree passes over xattrs without a value when it reads a file: a commit of the same tree must be the same.
  return { uid, gid, mode: typeBits | mode, xattrs: xattrs.filter(({ value }) => value.length > 0) };
}
