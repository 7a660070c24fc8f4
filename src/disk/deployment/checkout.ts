import type { CommitDirectory } from '../../ostree/unpack/directories.ts';
import { byteString, type DirectoryNode, type FileNode, type SymlinkNode } from '../filesystems/tree.ts';
import { emptyCopy, objectOf, type StoredObjects } from './nodes.ts';

/** ostree gives what it checks out this time: an object can have but one. */
const checkoutTime = 0;

/**
 * Checks a directory out: its files are hard links to the objects. Empty files are not, so that no inode gets more names
 * than it can have.
 */
export function checkOut(directory: CommitDirectory, objects: StoredObjects): DirectoryNode {
  const node = emptyCopy(directory, checkoutTime);
  for (const [name, checksum] of directory.files) {
    const object = objectOf(objects, checksum).node;
    node.entries.set(byteString(name), isEmptyFile(object) ? { ...object } : object);
  }
  for (const [name, below] of directory.directories) node.entries.set(byteString(name), checkOut(below, objects));
  return node;
}

/**
 * Copies a directory: nothing in it is a link to an object, so that the running system may change it.
 * @param mtime of everything in it
 */
export function copyOut(directory: CommitDirectory, objects: StoredObjects, mtime: number): DirectoryNode {
  const node = emptyCopy(directory, mtime);
  for (const [name, checksum] of directory.files) {
    const { node: object, copies } = objectOf(objects, checksum);
    if (object.kind === 'symlink' || isEmptyFile(object)) {
      node.entries.set(byteString(name), { ...object, mtime });
      continue;
    }
    const content = copies.pop();
    if (content === undefined) throw new RangeError(`object ${checksum} has fewer copies than were planned`);
    node.entries.set(byteString(name), { ...object, mtime, content });
  }
  for (const [name, below] of directory.directories) {
    node.entries.set(byteString(name), copyOut(below, objects, mtime));
  }
  return node;
}

function isEmptyFile(node: FileNode | SymlinkNode): boolean {
  return node.kind === 'file' && (Buffer.isBuffer(node.content) ? node.content.length : node.content.size) === 0;
}
