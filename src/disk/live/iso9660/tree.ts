import { compareBytes } from '../../../lib/order.ts';

/** A file of an ISO by its place in the tree. */
export interface IsoFileNode {
  name: string;
  /** Of the request's files. */
  index: number;
}

export interface IsoDirectoryNode {
  /** Empty for the root. */
  name: string;
  /** The root's is itself. */
  parent: IsoDirectoryNode;
  directories: IsoDirectoryNode[];
  files: IsoFileNode[];
}

/** ECMA-119, 6.8.2.1. */
const mostLevels = 8;
/** Bytes of UTF-8: Linux shows no more of a name. */
const longestName = 255;

/**
 * The directories of some files, each with its own sorted by name.
 * @param paths relative, without `.` and `..`
 * @throws RangeError for a path that no ISO of ours has: a caller's mistake
 */
export function directoryTree(paths: readonly string[]): IsoDirectoryNode {
  const root = newDirectory('');
  for (const [index, path] of paths.entries()) {
    const names = path.split('/');
    if (names.length > mostLevels) throw new RangeError(`${path} lies deeper than ${mostLevels} levels`);
    let directory = root;
    for (const name of names.slice(0, -1)) directory = directoryIn(directory, requireName(name, path));
    const name = requireName(names.at(-1) ?? '', path);
    if (has(directory, name)) throw new RangeError(`${path} is there twice`);
    directory.files.push({ name, index });
  }
  return sorted(root);
}

/** All directories: each before what it holds, level by level, as path tables want them. */
export function allDirectories(root: IsoDirectoryNode): IsoDirectoryNode[] {
  const found = [root];
  for (const directory of found) found.push(...directory.directories);
  return found;
}

function newDirectory(name: string, parent?: IsoDirectoryNode): IsoDirectoryNode {
  const directory: Omit<IsoDirectoryNode, 'parent'> & { parent?: IsoDirectoryNode } = {
    name,
    directories: [],
    files: [],
  };
  directory.parent = parent ?? (directory as IsoDirectoryNode);
  return directory as IsoDirectoryNode;
}

function directoryIn(parent: IsoDirectoryNode, name: string): IsoDirectoryNode {
  const known = parent.directories.find((directory) => directory.name === name);
  if (known !== undefined) return known;
  if (has(parent, name)) throw new RangeError(`${name} is a file and a directory`);
  const made = newDirectory(name, parent);
  parent.directories.push(made);
  return made;
}

function has({ directories, files }: IsoDirectoryNode, name: string): boolean {
  return [...directories, ...files].some((node) => node.name === name);
}

function requireName(name: string, path: string): string {
  const isName = name !== '' && name !== '.' && name !== '..' && !name.includes('\0');
  if (!isName || Buffer.byteLength(name) > longestName) throw new RangeError(`${path} has a name that is none`);
  return name;
}

function sorted(directory: IsoDirectoryNode): IsoDirectoryNode {
  directory.directories.sort((a, b) => compareBytes(a.name, b.name));
  directory.files.sort((a, b) => compareBytes(a.name, b.name));
  for (const below of directory.directories) sorted(below);
  return directory;
}
