import { verificationError } from '../../../lib/errors.ts';
import { compareBytes } from '../../../lib/order.ts';
import type { ByteString, DirectoryNode, FileNode, TreeNode } from '../tree.ts';
import { entriesOf, mostEntries } from './directory.ts';
import { entrySize } from './geometry.ts';
import { type FatName, fatNames, faultOfName, foldedName } from './names.ts';

/** A directory with what FAT can hold of it. */
export interface FatDirectory {
  node: DirectoryNode;
  /** Itself, for the root. */
  parent: FatDirectory;
  /** In the order in which they are written. */
  children: FatChild[];
  /** Bytes of its entries. */
  bytes: number;
}

export type FatChild = { name: FatName } & ({ directory: FatDirectory } | { file: FileNode });

/** Deeper, a path is longer than what drivers can open: 260 characters. */
const mostDepth = 64;

/**
 * Lists the directories of a tree, each before those in it, all in the order of their names.
 * @param label of the filesystem, for errors
 * @throws CosaError `ESP_NAME`, `ESP_ENTRY` (exit 4) with the path of what FAT cannot hold
 */
export function collectDirectories(root: DirectoryNode, label: string): FatDirectory[] {
  const found: FatDirectory[] = [];

  function collect(node: DirectoryNode, path: string, depth: number, parent?: FatDirectory): FatDirectory {
    if (depth > mostDepth) throw entryError(path, label, `lies more than ${mostDepth} directories deep`);
    const directory: FatDirectory = { node, children: [], bytes: 0, parent: undefined as never };
    directory.parent = parent ?? directory;
    found.push(directory);
    // Before any of them is looked at: there may be a million.
    if (node.entries.size > mostEntries) throw tooManyEntries(path, label);
    const entries = decodedEntries(node, path, label);
    const names = fatNames(entries.map(([name]) => name));
    // The volume's label, or the entries for itself and its parent.
    let count = parent === undefined ? 1 : 2;
    for (const [decoded, child] of entries) {
      const name = names.get(decoded) as FatName;
      const childPath = `${path}/${decoded}`;
      count += entriesOf(name);
      if (child.kind === 'directory') {
        directory.children.push({ name, directory: collect(child, childPath, depth + 1, directory) });
      } else if (child.kind === 'file') {
        directory.children.push({ name, file: child });
      } else {
        throw entryError(childPath, label, 'is neither a file nor a directory');
      }
    }
    if (count > mostEntries) throw tooManyEntries(path, label);
    directory.bytes = count * entrySize;
    return directory;
  }

  collect(root, '', 0);
  return found;
}

/** What lies in a directory, with names as text, in the order of their bytes. */
function decodedEntries(node: DirectoryNode, path: string, label: string): [name: string, child: TreeNode][] {
  const decoded = [...node.entries].map(([bytes, child]): [string, TreeNode] => [
    decodedName(bytes, path, label),
    child,
  ]);
  decoded.sort(([a], [b]) => compareBytes(a, b));
  const seen = new Map<string, string>();
  for (const [name] of decoded) {
    const fault = faultOfName(name);
    if (fault !== undefined) throw nameError(`${path}/${name}`, label, fault);
    const other = seen.get(foldedName(name));
    if (other !== undefined)
      throw nameError(`${path}/${name}`, label, `${JSON.stringify(other)} is the same name there`);
    seen.set(foldedName(name), name);
  }
  return decoded;
}

function decodedName(bytes: ByteString, path: string, label: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    throw nameError(`${path}/${bytes}`, label, 'it is no UTF-8');
  }
}

function nameError(path: string, label: string, reason: string): Error {
  return verificationError(
    'ESP_NAME',
    `${JSON.stringify(path)} cannot be a name in the ${label} filesystem: ${reason}`,
  );
}

function tooManyEntries(path: string, label: string): Error {
  return entryError(path, label, 'has more entries than FAT can hold');
}

function entryError(path: string, label: string, reason: string): Error {
  return verificationError('ESP_ENTRY', `${JSON.stringify(path || '/')} in the ${label} filesystem ${reason}`);
}
