import { compareBytes } from '../../../lib/order.ts';

/** A directory of a live filesystem. */
export interface Directory<File> {
  kind: 'directory';
  /** Sorted by the bytes of their names. */
  entries: { name: string; node: Directory<File> | FileNode<File> }[];
}

export interface FileNode<File> {
  kind: 'file';
  file: File;
}

/**
 * Makes a tree of files.
 * @throws RangeError for a path that is no path, or that is there twice: a caller's mistake
 */
export function directoryTree<File extends { path: string }>(files: readonly File[]): Directory<File> {
  const root: Directory<File> = { kind: 'directory', entries: [] };
  for (const file of files) {
    const names = file.path.split('/');
    const wrong = names.find((name) => name === '' || name === '.' || name === '..');
    if (wrong !== undefined) throw new RangeError(`no path of a file: ${file.path}`);
    let directory = root;
    for (const name of names.slice(0, -1)) directory = subdirectory(directory, name);
    add(directory, names.at(-1) as string, { kind: 'file', file });
  }
  return root;
}

function subdirectory<File>(parent: Directory<File>, name: string): Directory<File> {
  const found = parent.entries.find((entry) => entry.name === name)?.node;
  if (found?.kind === 'directory') return found;
  const made: Directory<File> = { kind: 'directory', entries: [] };
  add(parent, name, made);
  return made;
}

function add<File>(directory: Directory<File>, name: string, node: Directory<File> | FileNode<File>): void {
  if (directory.entries.some((entry) => entry.name === name)) throw new RangeError(`a file is there twice: ${name}`);
  directory.entries.push({ name, node });
  directory.entries.sort((a, b) => compareBytes(a.name, b.name));
}
