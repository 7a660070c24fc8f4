import { isUtf8 } from 'node:buffer';
import { compareBytes } from '../../../lib/order.ts';
import { encodeEntry, endOfArchive, padding } from '../../../lib/tar/writer.ts';
import { notStorable } from '../not-storable.ts';
import type { ByteString, DirectoryNode, FileNode, SymlinkNode, TreeNode } from '../tree.ts';

/**
 * A tree as a tar stream: directories before what lies in them, all in the order of their names, and each further name of
 * a file as a hard link.
 * @param filesystem the kind, for errors
 * @param read gives the bytes of a content; each piece is given on before the next is asked for
 * @throws CosaError `FILESYSTEM_ENTRY` for a name that is not UTF-8, which tar's own records must be
 */
export function* treeArchive(
  root: DirectoryNode,
  filesystem: string,
  read: (content: FileNode['content']) => Iterable<Uint8Array>,
): Generator<Uint8Array> {
  const firstPaths = new Map<TreeNode, string>();

  function* directory(node: DirectoryNode, path: string): Generator<Uint8Array> {
    yield encodeEntry({ ...inode(node), type: 'directory', path: `${path}/`, linkTarget: '', size: 0 });
    const names = [...node.entries.keys()].sort(compareBytes);
    for (const name of names) {
      const child = node.entries.get(name) as TreeNode;
      const childPath = `${path}/${textOf(name, `${path}/${name}`)}`;
      if (child.kind === 'directory') yield* directory(child, childPath);
      else yield* leaf(child, childPath);
    }
  }

  function* leaf(node: FileNode | SymlinkNode, path: string): Generator<Uint8Array> {
    const first = firstPaths.get(node);
    if (first !== undefined) {
      yield encodeEntry({ ...inode(node), xattrs: [], type: 'hardlink', path, linkTarget: first, size: 0 });
      return;
    }
    firstPaths.set(node, path);
    if (node.kind === 'symlink') {
      const linkTarget = textOf(node.target, path);
      yield encodeEntry({ ...inode(node), type: 'symlink', path, linkTarget, size: 0 });
      return;
    }
    const size = Buffer.isBuffer(node.content) ? node.content.length : node.content.size;
    yield encodeEntry({ ...inode(node), type: 'file', path, linkTarget: '', size });
    yield* read(node.content);
    yield padding(size);
  }

  function textOf(bytes: ByteString, path: string): string {
    const buffer = Buffer.from(bytes, 'latin1');
    if (isUtf8(buffer)) return buffer.toString();
    throw notStorable(filesystem, path.slice(1), 'has a name or target that is not UTF-8');
  }

  yield* directory(root, '.');
  yield endOfArchive;
}

function inode({ uid, gid, mode, mtime, xattrs }: TreeNode) {
  return { uid, gid, mode, mtime, xattrs };
}
