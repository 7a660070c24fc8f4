import type { CommitDirectories } from '../../ostree/unpack/directories.ts';
import type { DirectoryNode, FileNode, SymlinkNode } from '../filesystems/tree.ts';
import type { KeptCommits } from './kept-commits.ts';
import { newDirectory, newFile, placeNode, type StoredObjects } from './nodes.ts';

/**
 * ostree's repository format: https://ostreedev.github.io/ostree/repo/. ostree-prepare-root looks for the line about
 * `/sysroot` as it stands here, without spaces.
 */
const config = '[core]\nrepo_version=1\nmode=bare\n\n[sysroot]\nreadonly=true\n';
/** Where the boot loader reads the entries: nothing else is to be written, and no program for it to be run. */
const noMenu = 'bootloader=none\n';

/** Objects keep no time of their own. */
const objectTime = 0;

interface RepositorySettings {
  /** True if ostree is to write the boot loader's menu. */
  hasOwnMenu: boolean;
  kept: KeptCommits;
}

/**
 * A repository of mode `bare` with one commit, as `ostree admin deploy` leaves it.
 * @param mtime of what is not an object
 */
export function repository(
  commit: CommitDirectories,
  objects: StoredObjects,
  mtime: number,
  { hasOwnMenu, kept }: RepositorySettings,
): DirectoryNode {
  const directory = (entries: Record<string, DirectoryNode | FileNode> = {}) =>
    newDirectory(mtime, Object.entries(entries));
  // Says which deployment keeps the commit from being pruned: boot version, its part, index.
  const deploymentRef = newFile(mtime, `${commit.commit}\n`);
  const heads = directory({ ostree: directory({ 1: directory({ 1: directory({ 0: deploymentRef }) }) }) });
  for (const [name, checksum] of kept.refs) placeNode(heads, name, newFile(mtime, `${checksum}\n`));
  return directory({
    '.lock': newFile(mtime, '', 0o640),
    config: newFile(mtime, hasOwnMenu ? config : `${config}${noMenu}`),
    extensions: directory(),
    objects: objectDirectories([...commit.objects, ...kept.objects], objects, mtime),
    refs: directory({ heads, mirrors: directory(), remotes: directory() }),
    state: directory(),
    tmp: directory({ cache: directory() }),
  });
}

function objectDirectories(
  metadata: CommitDirectories['objects'],
  objects: StoredObjects,
  mtime: number,
): DirectoryNode {
  const all = newDirectory(mtime);
  function place(checksum: string, kind: string, node: FileNode | SymlinkNode): void {
    const first = checksum.slice(0, 2);
    const directory = all.entries.get(first) ?? newDirectory(mtime);
    all.entries.set(first, directory);
    (directory as DirectoryNode).entries.set(`${checksum.slice(2)}.${kind}`, node);
  }
  for (const { kind, checksum, bytes } of metadata) place(checksum, kind, newFile(objectTime, bytes));
  for (const [checksum, { node }] of objects) place(checksum, 'file', node);
  return all;
}
