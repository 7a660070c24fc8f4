import { pathError } from '../layout-path.ts';
import { type MergedDirectory, newDirectory, type TreeContent } from './node.ts';

/** As the kernel's limit (MAXSYMLINKS). */
const maximumLinks = 40;
/** PATH_MAX holds at most this many names. */
const maximumDepth = 2048;

/** A tree whose directories are looked for. */
export interface LinkedTree {
  root: MergedDirectory;
  /** The target of a symbolic link; undefined for a file. */
  targetOf(content: TreeContent): Promise<string | undefined>;
  /** Told of each directory that is made. */
  count(characters: number): void;
  /** Told of each name that is passed, and of those that may be in a link's target. @throws CosaError `TREE_TOO_LARGE` (exit 4) */
  pass(names: number, layer: string): void;
}

/** Who asks: for errors, and for what is made. */
export interface Asking {
  /** Digest of the layer. */
  layer: string;
  /** The entry's name. */
  path: string;
  /** Makes directories that are not there, and marks those on the way as this layer's; looks only, if undefined. */
  make: number | undefined;
}

/**
 * The directory that a path leads to. Symbolic links on the way are followed inside the tree, as container tools do it that
 * unpack into a root of their own: absolute targets begin at the root, and `..` ends there.
 * @returns undefined if there is none, and none is to be made
 * @throws CosaError `LAYER_PATH` (exit 4) for a way through a file, or through too many links; what `tree.pass` throws
 */
export async function directoryAt(
  tree: LinkedTree,
  parents: readonly string[],
  { layer, path, make }: Asking,
): Promise<MergedDirectory | undefined> {
  const pending = parents.toReversed();
  tree.pass(parents.length, layer);
  const way = [tree.root];
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '..') {
      if (way.length > 1) way.pop();
      continue;
    }
    const here = way.at(-1) ?? tree.root;
    const child = here.entries.get(name);
    if (child?.kind === 'directory') {
      way.push(child);
    } else if (child === undefined) {
      if (make === undefined) return undefined;
      tree.count(name.length);
      const made = newDirectory(make);
      here.entries.set(name, made);
      way.push(made);
    } else {
      const target = child.kind === 'content' ? await tree.targetOf(child.content) : undefined;
      if (target === undefined) throw pathError(layer, path, `lies below ${JSON.stringify(name)}, which is a file`);
      links += 1;
      if (links > maximumLinks) throw pathError(layer, path, `lies behind more than ${maximumLinks} symbolic links`);
      // As many as could be in it, slash after slash: it is split before they are counted.
      tree.pass(Math.ceil(target.length / 2), layer);
      if (target.startsWith('/')) way.length = 1;
      pending.push(
        ...target
          .split('/')
          .filter((part) => part !== '' && part !== '.')
          .toReversed(),
      );
    }
    if (way.length > maximumDepth) throw pathError(layer, path, `is more than ${maximumDepth} directories deep`);
  }
  if (make !== undefined) for (const directory of way) directory.layer = make;
  return way.at(-1);
}

/**
 * Removes what lower layers have below a directory. What this layer has put there stays, wherever in it the whiteout stands.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts
 */
export function hideLower(directory: MergedDirectory, layer: number): void {
  // Nothing of lower layers comes back while one layer is read.
  if (directory.hiddenIn === layer) return;
  directory.hiddenIn = layer;
  for (const [name, child] of directory.entries) {
    if (child.layer !== layer) directory.entries.delete(name);
    else if (child.kind === 'directory') hideLower(child, layer);
  }
}
