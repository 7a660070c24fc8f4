import type { FoundEntry } from '../exec/tools/find.ts';
import { CosaError } from '../lib/errors.ts';
import type { Reporter } from '../progress/reporter.ts';
import { type Labels, withLabel } from './labels.ts';
import { contentHash, fileTypeBits } from './objects.ts';
import { fileChecksums } from './tree/checksums.ts';
import { type DirectoryObjects, directoryObjects } from './tree/directory-objects.ts';
import { foundEntries } from './tree/found-entries.ts';
import type { ContentObject, FileMetadata, Xattr } from './types.ts';

/** A directory tree as ostree sees it: all metadata and checksums, no content. */
export interface Tree extends DirectoryObjects {
  /** Every regular file and symbolic link by absolute path (`/usr/bin/true`), each directory in the order of names. Paths with one content share the object. */
  files: ReadonlyMap<string, ContentObject>;
  /** Every directory by absolute path, parents first, beginning with `/`. */
  directories: ReadonlyMap<string, FileMetadata>;
}

/**
 * Reads a directory once, content included, and computes every object's checksum. Memory grows with the
 * number of files, not with their size. Hard links stay one object; owners are those of the
 * current namespace. Sockets are left out: they are of no use without the process that made them. What the host's policy has
 * labelled files with does not count.
 * @param labels what files and directories are labelled with; nothing unless given
 * @throws CosaError `TREE_SPECIAL_FILE` for devices and FIFOs, `TREE_CHANGED` if a file changes its size meanwhile,
 *   `NAME_NOT_UTF8`, `TOOL_FAILED`, `THREAD_FAILED`; system errors, which name the file; the reporter's signal's reason
 */
export async function scanTree(root: string, reporter: Reporter, labels?: Labels): Promise<Tree> {
  const { entries, xattrs } = await foundEntries(root, reporter.signal);
  const directories = new Map<string, FileMetadata>();
  const files = new Map<string, ContentObject>();
  const byInode = new Map<string, ContentObject>();
  const unread: { object: ContentObject; path: string }[] = [];
  for (const entry of entries) {
    const { path, type, inode } = entry;
    if (type === 'socket') continue;
    if (type === 'directory') {
      directories.set(path, fileMetadata(entry, xattrs.get(path), labels?.of(path, type)));
      continue;
    }
    const label = type === 'file' || type === 'symlink' ? labels?.of(path, type) : undefined;
    // The names of one file may have different labels, and so become different objects.
    const key = `${inode} ${label?.value.toString()}`;
    const known = inode === '' ? undefined : byInode.get(key);
    const object = known ?? contentObject(entry, xattrs.get(path), label);
    files.set(path, object);
    if (known !== undefined) continue;
    if (inode !== '') byInode.set(key, object);
    if (type === 'file') unread.push({ object, path });
  }
  const checksums = await fileChecksums(root, unread, reporter);
  unread.forEach(({ object }, index) => {
    object.checksum = checksums[index] ?? '';
  });
  return { files, directories, ...directoryObjects(files, directories) };
}

/** A file's object is still without its checksum. */
function contentObject(entry: FoundEntry, xattrs?: readonly Xattr[], label?: Xattr): ContentObject {
  const { path, type, linkTarget, size } = entry;
  const metadata = fileMetadata(entry, xattrs, label);
  switch (type) {
    case 'file':
      return { ...metadata, checksum: '', size, symlinkTarget: '' };
    case 'symlink': {
      const checksum = contentHash(metadata, linkTarget).digest('hex');
      return { ...metadata, checksum, size: 0, symlinkTarget: linkTarget };
    }
    default:
      throw new CosaError('TREE_SPECIAL_FILE', `${path} is a ${type}: ostree stores files, links and directories`, {
        hint: 'remove it in a postprocess script; devices are made by udev or systemd-tmpfiles when the system boots',
      });
  }
}

const none: readonly Xattr[] = [];

function fileMetadata({ uid, gid, mode, type }: FoundEntry, xattrs = none, label?: Xattr): FileMetadata {
  const typeBits = type === 'file' || type === 'symlink' || type === 'directory' ? fileTypeBits[type] : 0;
  // ostree passes over xattrs without a value when it reads a file: a commit of the same tree must be the same.
  const values = xattrs.length === 0 ? none : xattrs.filter(({ value }) => value.length > 0);
  return { uid, gid, mode: typeBits | mode, xattrs: withLabel(values, label) };
}
