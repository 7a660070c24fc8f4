import type { TarEntryType } from '../lib/tar/types.ts';

/** A file of a container, as all its layers together have it. */
export interface FileInfo {
  type: Exclude<TarEntryType, 'hardlink'>;
  /** Permission bits with set-uid, set-gid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes. */
  size: number;
  /** Of a symbolic link, as it stands there. */
  linkTarget: string;
}

/** Where a file's content stands in the layers: an entry of one of them. */
interface ContentPlace {
  layer: number;
  path: string;
}

/** A node of the tree while it is put together. Names come from outside: a Map has no keys of its own. */
export interface Node {
  info: FileInfo;
  content?: ContentPlace;
  children: Map<string, Node>;
}

export function directoryNode(info?: FileInfo): Node {
  return {
    info: info ?? { type: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0, linkTarget: '' },
    children: new Map(),
  };
}

/** The node under a path, or `undefined`; symbolic links are not followed. */
export function nodeAt(root: Node, parts: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const part of parts) node = node?.children.get(part);
  return node;
}
