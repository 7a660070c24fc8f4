import type { TarEntryType } from '../../../lib/tar/types.ts';
import type { CommitDirectory } from '../directories.ts';
import type { ParsedDirmeta } from '../metadata.ts';

/** What holds before any ordinary layer. */
export const base = -1;

/** A file's content or a symbolic link, with owner, mode and xattrs: all hard links to it are this one. */
export interface TreeContent {
  /** Name of the object. */
  checksum: string;
  /** Of a symbolic link; undefined for a file, and for what lies in the base, where it is not known yet. */
  target: string | undefined;
  /** Bytes; 0 for what lies in the base, where it is not known. */
  size: number;
  /** Where it stands: index of an ordinary layer, and offset of the entry's header in its stream; undefined for the base's. */
  place: { layer: number; offset: number } | undefined;
}

/** A file or symbolic link at its place. */
export interface MergedContent {
  kind: 'content';
  content: TreeContent;
  /** Index of the ordinary layer that has put it there. */
  layer: number;
}

/** A device or FIFO. It may still be hidden, or lie where nothing counts. */
interface MergedSpecial {
  kind: 'special';
  type: TarEntryType;
  layer: number;
}

export interface MergedDirectory extends ParsedDirmeta {
  kind: 'directory';
  /** Names come from outside: a Map has no keys of its own. */
  entries: Map<string, MergedNode>;
  /** Index of the ordinary layer that has last put it, or anything below it, there. */
  layer: number;
  /** Index of the ordinary layer that has hidden everything of lower layers below it. */
  hiddenIn: number;
}

export type MergedNode = MergedDirectory | MergedContent | MergedSpecial;

/** A directory of root's. */
export function newDirectory(layer: number, mode = 0o755): MergedDirectory {
  return { kind: 'directory', uid: 0, gid: 0, mode, xattrs: [], entries: new Map(), layer, hiddenIn: base };
}

/** A commit's tree as layers are put on it: a directory that stands in several places becomes several. */
export function fromCommit(root: CommitDirectory): MergedDirectory {
  const contents = new Map<string, TreeContent>();
  function contentOf(checksum: string): TreeContent {
    const known = contents.get(checksum) ?? { checksum, target: undefined, size: 0, place: undefined };
    contents.set(checksum, known);
    return known;
  }
  function convert({ uid, gid, mode, xattrs, files, directories }: CommitDirectory): MergedDirectory {
    const directory = { ...newDirectory(base), uid, gid, mode, xattrs };
    for (const [name, checksum] of files) {
      directory.entries.set(name, { kind: 'content', content: contentOf(checksum), layer: base });
    }
    for (const [name, below] of directories) directory.entries.set(name, convert(below));
    return directory;
  }
  return convert(root);
}

/** A tree as it is now: what it holds is shared, its directories are not. */
export function copyOf(directory: MergedDirectory): MergedDirectory {
  const entries = [...directory.entries].map(
    ([name, node]) => [name, node.kind === 'directory' ? copyOf(node) : node] as const,
  );
  return { ...directory, entries: new Map(entries) };
}

/** True for a container that has bootc, which keeps records of containers in the repository. */
export function hasBootc(root: MergedDirectory): boolean {
  const usr = root.entries.get('usr');
  const bin = usr?.kind === 'directory' ? usr.entries.get('bin') : undefined;
  return bin?.kind === 'directory' && bin.entries.get('bootc')?.kind === 'content';
}
