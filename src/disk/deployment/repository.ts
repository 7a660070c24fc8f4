import type { CommitDirectories } from '../../ostree/unpack/directories.ts';
import type { DirectoryNode, FileNode, SymlinkNode } from '../filesystems/tree.ts';
import { newDirectory, newFile, type StoredObjects } from './nodes.ts';

/**
 * ostree's repository format: https://ostreedev.github.io/ostree/repo/. ostree-prepare-root looks for the line about
 * `/sysroot` as it stands here, without spaces.
 */
const config = '[core]\nrepo_version=1\nmode=bare\n\n[sysroot]\nreadonly=true\n';

/** Objects keep no time of their own. */
const objectTime = 0;

/**
 * A repository of mode `bare` with one commit, as `ostree admin deploy` leaves it.
 * @param mtime of what is not an object
 */
export function repository(commit: CommitDirectories, objects: StoredObjects, mtime: number): DirectoryNode {
  const directory = (entries: Record<string, DirectoryNode | FileNode> = {}) =>
    newDirectory(mtime, Object.entries(entries));
  // Says which deployment keeps the commit from being pruned: boot version, its part, index.
  const deploymentRef = newFile(mtime, `${commit.commit}\n`);
  const heads = directory({ ostree: directory({ 1: directory({ 1: directory({ 0: deploymentRef }) }) }) });
  return directory({
    '.lock': newFile(mtime, '', 0o640),
    config: newFile(mtime, config),
    extensions: directory(),
    objects: objectDirectories(commit, objects, mtime),
    refs: directory({ heads, mirrors: directory(), remotes: directory() }),
    state: directory(),
    tmp: directory({ cache: directory() }),
  });
}

function objectDirectories(commit: CommitDirectories, objects: StoredObjects, mtime: number): DirectoryNode {
  const all = newDirectory(mtime);
  function place(checksum: string, kind: string, node: FileNode | SymlinkNode): void {
    const first = checksum.slice(0, 2);
    const directory = all.entries.get(first) ?? newDirectory(mtime);
    all.entries.set(first, directory);
    (directory as DirectoryNode).entries.set(`${checksum.slice(2)}.${kind}`, node);
  }
  for (const { kind, checksum, bytes } of commit.objects) place(checksum, kind, newFile(objectTime, bytes));
  for (const [checksum, { node }] of objects) place(checksum, 'file', node);
  return all;
}
