import { type Labels, withLabel } from '../ostree/labels.ts';
import { newDirectory } from './deployment/nodes.ts';
import type { DeploymentPlan } from './deployment/plan.ts';
import type { Filesystem } from './filesystems/filesystem.ts';
import type { DirectoryNode, TreeNode } from './filesystems/tree.ts';

/** A tree's labels, by paths of bytes. */
export type NodeLabels = Pick<Labels, 'of'>;

/** ostree labels an origin as what an administrator writes there by hand. */
const originPath = '/etc/ostree/remotes.d/dummy.conf';

/**
 * Labels a node and everything in it.
 * @param path that it has in the running system, a character a byte
 * @param isOther true for what is left as it is
 */
export function labelTree(
  top: TreeNode,
  path: string,
  labels: NodeLabels,
  isOther: (node: TreeNode) => boolean = () => false,
): void {
  // A stack rather than recursion: a hostile tree may be deep.
  const left = [{ node: top, path }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { node } = next;
    if (isOther(node)) continue;
    node.xattrs = withLabel(node.xattrs, labels.of(next.path, node.kind));
    if (node.kind !== 'directory') continue;
    const prefix = next.path === '/' ? '' : next.path;
    for (const [name, child] of node.entries) left.push({ node: child, path: `${prefix}/${name}` });
  }
}

/**
 * Puts a directory into a tree that the filesystem would make by itself, and without a label.
 * @returns the tree
 */
export function withOwnDirectory(root: DirectoryNode, { ownDirectory }: Filesystem): DirectoryNode {
  if (ownDirectory !== undefined && !root.entries.has(ownDirectory)) {
    root.entries.set(ownDirectory, { ...newDirectory(root.mtime), mode: 0o700 });
  }
  return root;
}

/**
 * Labels the root filesystem of a deployed system, as if its root were that of the running one; and what is seen there at
 * other places, as it is seen there: /etc, /var. Objects, and what is checked out of them, have the labels of the commit.
 */
export function labelPhysicalRoot(
  root: DirectoryNode,
  { commit, stateroot }: DeploymentPlan,
  labels: NodeLabels,
): void {
  const os = directoryAt(root, ['ostree', 'deploy', stateroot]);
  const deploy = directoryAt(os, ['deploy']);
  const deployment = directoryAt(deploy, [`${commit.commit}.0`]);
  const transient = directoryAt(os, ['backing', `${commit.commit}.0`, 'root-transient']);
  const others = new Set<TreeNode>([deployment, ...objectsIn(directoryAt(root, ['ostree', 'repo', 'objects']))]);
  const elsewhere = [
    [deployment.entries.get('etc'), '/etc'],
    [os.entries.get('var'), '/var'],
    [deploy.entries.get(`${commit.commit}.0.origin`), originPath],
    [transient.entries.get('upper'), '/'],
  ] as const;
  for (const [node] of elsewhere) if (node !== undefined) others.add(node);
  labelTree(root, '/', labels, (node) => others.has(node));
  for (const [node, path] of elsewhere) if (node !== undefined) labelTree(node, path, labels);
}

/** The files and links that are contents of a commit. */
function* objectsIn({ entries }: DirectoryNode): Generator<TreeNode> {
  for (const directory of entries.values()) {
    if (directory.kind !== 'directory') continue;
    for (const [name, node] of directory.entries) if (name.endsWith('.file')) yield node;
  }
}

function directoryAt(top: DirectoryNode, names: readonly string[]): DirectoryNode {
  let node = top;
  for (const name of names) {
    const below = node.entries.get(name);
    if (below?.kind !== 'directory') throw new RangeError(`the deployed tree has no directory ${name}`);
    node = below;
  }
  return node;
}
