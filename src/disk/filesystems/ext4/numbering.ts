import { compareBytes, sortByBytes } from '../../../lib/order.ts';
import { notStorable } from '../not-storable.ts';
import type { ByteString, DirectoryNode, TreeNode } from '../tree.ts';
import { maximumLinks, specialInodes } from './inode.ts';

/** A node of the tree with its inode. */
export interface NumberedNode<Node extends TreeNode = TreeNode> {
  node: Node;
  inode: number;
  /** Names of a file; of a directory its own, its `.` and the `..` of each directory in it. */
  links: number;
  /** Where its first name stands; the root stands in itself. */
  parent: NumberedDirectory;
  name: ByteString;
}

export interface NumberedDirectory extends NumberedNode<DirectoryNode> {
  /** Sorted by name. */
  entries: { name: ByteString; node: NumberedNode }[];
}

export interface NumberedTree {
  /** All nodes, each once, with the inodes' numbers ascending: the root first. */
  nodes: NumberedNode[];
  directories: NumberedDirectory[];
}

const maximumName = 255;
/** Where fsck puts what it finds; it complains if the directory is not there. */
export const lostAndFound = 'lost+found';

/**
 * Gives each node an inode: directory after directory, the entries of each one after the other, sorted by name. Whatever
 * the order in which the tree was made, the numbers are the same.
 * @param lostAndFoundNode is put into the root if that has none
 * @throws CosaError `FILESYSTEM_ENTRY` for a name that is none, and for too many hard links
 * @throws RangeError for a directory with two names: a caller's mistake
 */
export function numberTree(root: DirectoryNode, lostAndFoundNode: DirectoryNode): NumberedTree {
  const numbered = new Map<TreeNode, NumberedNode>();
  const nodes: NumberedNode[] = [];
  const directories: NumberedDirectory[] = [];
  let next: number = specialInodes.firstOther;

  function add(node: TreeNode, inode: number, parent: NumberedDirectory | undefined, name: ByteString): NumberedNode {
    const added = { node, inode, links: 1, name } as NumberedNode;
    added.parent = parent ?? (added as NumberedDirectory);
    numbered.set(node, added);
    nodes.push(added);
    if (node.kind === 'directory') {
      added.links = 2;
      (added as NumberedDirectory).entries = [];
      directories.push(added as NumberedDirectory);
      if (parent !== undefined) parent.links++;
    }
    return added;
  }

  add(root, specialInodes.root, undefined, '');
  const rootEntries = rootEntriesOf(root, lostAndFoundNode);
  // The list grows while it is gone through: no depth of the tree is too much for that.
  for (const directory of directories) {
    const entries = directory.node === root ? rootEntries : directory.node.entries;
    const names = directory.node === root ? rootNames(entries) : sortByBytes(entries.keys());
    for (const name of names) {
      const node = entries.get(name) as TreeNode;
      requireName(name, directory);
      let child = numbered.get(node);
      if (child === undefined) child = add(node, next++, directory, name);
      else if (node.kind === 'directory') throw new RangeError(`a directory with two names: ${pathOf(child)}`);
      else if (child.links++ === maximumLinks) {
        throw notStorable('ext4', pathOf(child), `has more than ${maximumLinks} hard links`);
      }
      directory.entries.push({ name, node: child });
    }
  }
  directories[0]?.entries.sort((a, b) => compareBytes(a.name, b.name));
  return { nodes, directories };
}

function rootEntriesOf(root: DirectoryNode, lostAndFoundNode: DirectoryNode): ReadonlyMap<ByteString, TreeNode> {
  const own = root.entries.get(lostAndFound);
  if (own === undefined) return new Map([...root.entries, [lostAndFound, lostAndFoundNode]]);
  if (own.kind === 'directory') return root.entries;
  throw notStorable('ext4', `/${lostAndFound}`, 'is a directory of the filesystem itself');
}

/** lost+found first: it always has the first inode. */
function rootNames(entries: ReadonlyMap<ByteString, TreeNode>): ByteString[] {
  return [lostAndFound, ...sortByBytes(entries.keys()).filter((name) => name !== lostAndFound)];
}

function requireName(name: ByteString, directory: NumberedDirectory): void {
  const isName = name.length > 0 && name.length <= maximumName && name !== '.' && name !== '..' && !/[/\0]/.test(name);
  if (isName) return;
  const path = `${directory.parent === directory ? '' : pathOf(directory)}/${name}`;
  throw notStorable('ext4', path, `has a name that is not 1 to ${maximumName} bytes without slash and zero`);
}

/** A path from the root, for messages. */
export function pathOf(node: NumberedNode): ByteString {
  const names: ByteString[] = [];
  for (let at = node; at !== at.parent; at = at.parent) names.push(at.name);
  return `/${names.reverse().join('/')}`;
}
