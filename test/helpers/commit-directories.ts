import { sha256Hex } from '../../src/lib/digest.ts';
import type { CommitDirectories, CommitDirectory } from '../../src/ostree/unpack/directories.ts';

/** A directory of a commit that can be added to. */
interface Growing extends CommitDirectory {
  files: Map<string, string>;
  directories: Map<string, Growing>;
}

/**
 * A commit with these files; each is its own content. A path that ends with a slash is a directory; all belong to root.
 * @param contents by path, for files that share one
 */
export function commitDirectories(paths: readonly string[], contents: Record<string, string> = {}): CommitDirectories {
  const root = newDirectory();
  for (const path of paths) {
    const names = path.split('/').slice(1);
    const file = names.pop() ?? '';
    let directory = root;
    for (const name of names) {
      const below = directory.directories.get(name) ?? newDirectory();
      directory.directories.set(name, below);
      directory = below;
    }
    if (file !== '') directory.files.set(file, sha256Hex(contents[path] ?? path));
  }
  return { commit: sha256Hex('commit'), timestamp: 1_700_000_000, version: '1.0', root, objects: [] };
}

function newDirectory(): Growing {
  return { uid: 0, gid: 0, mode: 0o755, xattrs: [], files: new Map(), directories: new Map() };
}
