import { verificationError } from '../lib/errors.ts';
import { readTar, type TarEntry } from '../lib/tar/reader.ts';
import { directoryNode, type Node, nodeAt } from './node.ts';

/** A layer's uncompressed tar stream, read anew at each call. */
export type LayerStream = () => AsyncIterable<Uint8Array>;

/** More than any operating system has: whoever reads a container holds its names in memory. */
const maximumNodes = 1_000_000;
const maximumCharacters = 256 * 1024 * 1024;
/** PATH_MAX holds at most this many names. */
const maximumDepth = 2048;

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts */
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/**
 * Puts a container's layers together, as a runtime would, without their contents. Nothing is written anywhere.
 * @param watch sees each entry, and may read it
 * @throws CosaError `LAYER_ENTRY`, `TREE_TOO_LARGE` and what {@link readTar} throws (exit 4)
 */
export async function mergeLayers(
  layers: readonly LayerStream[],
  watch: (entry: TarEntry) => Promise<void>,
): Promise<Node> {
  const root = directoryNode();
  const count = counter();
  for (const [layer, stream] of layers.entries()) {
    // Stays, even where the same layer hides what was there before.
    const own = new Set<Node>();
    for await (const entry of readTar(stream())) {
      addEntry({ root, layer, own, count }, entry);
      await watch(entry);
    }
  }
  // The repository of an ostree container: its objects are the files, which stand in their places, too.
  root.children.get('sysroot')?.children.delete('ostree');
  return root;
}

/** The names of a path below the root: without `.`, empty parts and a slash in front, as tar writers vary in those. */
export function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

interface Merging {
  root: Node;
  /** Index of the layer that is read. */
  layer: number;
  /** What this layer has made. */
  own: Set<Node>;
  /** Counts a node, and the characters that are kept for it. */
  count: (characters: number) => void;
}

function addEntry({ root, layer, own, count }: Merging, entry: TarEntry): void {
  const parts = partsOf(entry.path);
  if (parts.includes('..')) throw damaged(entry, 'leads out of the container with ".."');
  if (parts.length > maximumDepth) throw damaged(entry, `is more than ${maximumDepth} directories deep`);
  const name = parts.pop();
  if (name === undefined) return;
  count(name.length + entry.path.length + entry.linkTarget.length);
  const parent = parentOf(root, parts, count);
  if (name === opaque) {
    for (const [child, node] of parent.children) if (!own.has(node)) parent.children.delete(child);
  } else if (name.startsWith(whiteout)) {
    const hidden = parent.children.get(name.slice(whiteout.length));
    if (hidden !== undefined && !own.has(hidden)) parent.children.delete(name.slice(whiteout.length));
  } else {
    const node = nodeOf(root, entry, layer);
    // A directory that two layers have is one, with the later one's owner and mode.
    const before = parent.children.get(name);
    if (node.info.type === 'directory' && before?.info.type === 'directory') node.children = before.children;
    parent.children.set(name, node);
    own.add(node);
  }
}

/** Directories that no entry stands for are there all the same. */
function parentOf(root: Node, parts: readonly string[], count: Merging['count']): Node {
  let node = root;
  for (const part of parts) {
    let child = node.children.get(part);
    if (child?.info.type !== 'directory') {
      count(part.length);
      child = directoryNode();
      node.children.set(part, child);
    }
    node = child;
  }
  return node;
}

function nodeOf(root: Node, entry: TarEntry, layer: number): Node {
  const { type, mode, uid, gid, size, linkTarget } = entry;
  if (type !== 'hardlink') {
    const info = { type, mode, uid, gid, size, linkTarget };
    const content = type === 'file' ? { layer, path: entry.path } : undefined;
    return { info, children: new Map(), ...(content === undefined ? {} : { content }) };
  }
  const target = nodeAt(root, partsOf(linkTarget));
  if (target === undefined || target.info.type === 'directory') {
    throw damaged(entry, `links to ${JSON.stringify(linkTarget)}, which is no file before it`);
  }
  return { ...target, children: new Map() };
}

function counter(): Merging['count'] {
  let nodes = 0;
  let characters = 0;
  return (more) => {
    nodes += 1;
    characters += more;
    if (nodes <= maximumNodes && characters <= maximumCharacters) return;
    throw verificationError('TREE_TOO_LARGE', `the container has more than ${maximumNodes} files, or too long names`);
  };
}

function damaged({ path }: TarEntry, problem: string) {
  return verificationError('LAYER_ENTRY', `the container's entry ${JSON.stringify(path.slice(0, 200))} ${problem}`, {
    hint: 'no tool that builds images writes this: do not trust the image',
  });
}
