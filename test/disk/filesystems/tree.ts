import type { ContentWriter } from '../../../src/disk/filesystems/filesystem.ts';
import type {
  DirectoryNode,
  FileNode,
  StoredContent,
  SymlinkNode,
  TreeNode,
} from '../../../src/disk/filesystems/tree.ts';
import { byteString } from '../../../src/disk/filesystems/tree.ts';

// Small trees for tests of filesystems.

const inode = { uid: 0, gid: 0, mtime: 1_600_000_000, xattrs: [] };

export function directory(entries: Readonly<Record<string, TreeNode>> = {}, more: Partial<DirectoryNode> = {}) {
  const named = Object.entries(entries).map(([name, node]): [string, TreeNode] => [byteString(name), node]);
  return { ...inode, kind: 'directory', mode: 0o755, entries: new Map(named), ...more } satisfies DirectoryNode;
}

export function file(content: string | Buffer | StoredContent, more: Partial<FileNode> = {}) {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return { ...inode, kind: 'file', mode: 0o644, content: bytes, ...more } satisfies FileNode;
}

export function symlink(target: string, more: Partial<SymlinkNode> = {}) {
  return { ...inode, kind: 'symlink', mode: 0o777, target: byteString(target), ...more } satisfies SymlinkNode;
}

/** Stores bytes in chunks. */
export function store(writer: ContentWriter, bytes: Buffer, chunkSize = 65536): StoredContent {
  for (let at = 0; at < bytes.length; at += chunkSize) writer.write(bytes.subarray(at, at + chunkSize));
  return writer.close();
}
