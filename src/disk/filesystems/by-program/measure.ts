import type { DirectoryNode, TreeNode } from '../tree.ts';

const blockSize = 4096;

/** What of a tree decides how much room it takes. */
export interface TreeMeasure {
  /** Whole blocks of 4 KiB that the contents of files take, in bytes. */
  contentBytes: number;
  /** Files, directories and links, each once. */
  inodes: number;
  /** Names in directories. */
  names: number;
  /** True if an attribute stands on some inode that only root of the machine can set, such as a label of SELinux. */
  needsRealRoot: boolean;
}

/** Root of a namespace can set these, too. */
const ordinaryXattr = /^(user\.|security\.capability$|system\.posix_acl_)/;

/** Measures a tree. */
export function measureTree(root: DirectoryNode): TreeMeasure {
  const seen = new Set<TreeNode>();
  const measure: TreeMeasure = { contentBytes: 0, inodes: 0, names: 0, needsRealRoot: false };
  const waiting: TreeNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    measure.inodes++;
    measure.needsRealRoot ||= node.xattrs.some(({ name }) => !ordinaryXattr.test(name));
    if (node.kind === 'directory') {
      measure.names += node.entries.size;
      for (const child of node.entries.values()) waiting.push(child);
    } else if (node.kind === 'file') {
      const size = Buffer.isBuffer(node.content) ? node.content.length : node.content.size;
      measure.contentBytes += Math.ceil(size / blockSize) * blockSize;
    }
  }
  return measure;
}

/** The path of the immutable directory of a tree, without a slash in front; undefined if none is. */
export function immutablePath(root: DirectoryNode): string | undefined {
  const waiting: [DirectoryNode, string][] = [[root, '']];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [node, path] = next;
    if (node.isImmutable) return path;
    for (const [name, child] of node.entries) {
      if (child.kind === 'directory') waiting.push([child, path === '' ? name : `${path}/${name}`]);
    }
  }
  return undefined;
}
