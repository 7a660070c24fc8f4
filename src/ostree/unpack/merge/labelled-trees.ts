import type { Xattr } from '../../../lib/xattr.ts';
import { type Labels, withLabel } from '../../labels.ts';
import { contentHash, fileTypeBits } from '../../objects.ts';
import { objectMissing } from '../commit-tree.ts';
import type { LayerContent } from '../contents.ts';
import type { ContentEntry } from '../layer-objects.ts';
import type { MergedContent, MergedDirectory } from './node.ts';

/** An object that a content becomes with a label. */
export interface LabelledObject {
  checksum: string;
  xattrs: readonly Xattr[];
}

/** A content with its labels: an object for each. */
export interface LabelledContent extends Pick<LayerContent, 'layer'> {
  /** Bytes. */
  size: number;
  objects: readonly LabelledObject[];
}

/** Trees whose directories are labelled, and whose contents are still to be. */
export interface LabelledTrees {
  /** Whether contents that lie in no ordinary layer are to be labelled. */
  needsBase: boolean;
  /**
   * Gives the trees' contents their labels.
   * @returns contents by the checksums that they had
   * @throws CosaError `OBJECT_MISSING` (exit 4) for what is not among the contents, and what these throw
   */
  finish(contents: AsyncIterable<LayerContent>): Promise<ReadonlyMap<string, LabelledContent>>;
}

/** Where a content stands. */
interface Place {
  path: string;
  node: MergedContent;
}

/**
 * Labels trees, as `ostree commit --selinux-policy` does: what the policy has no label for stays as it is. Changes the trees.
 * @param isLabelled whether a content has the label of its place already
 */
export function labelTrees(
  trees: readonly MergedDirectory[],
  labels: Labels,
  isLabelled: (node: MergedContent) => boolean,
): LabelledTrees {
  const places = new Map<string, Place[]>();
  let needsBase = false;
  // A stack rather than recursion: a hostile tree may be deep.
  const left = trees.map((directory) => ({ directory, path: '/' }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { directory } = next;
    directory.xattrs = labelled(directory.xattrs, labels.of(next.path, 'directory'));
    const prefix = next.path === '/' ? '' : next.path;
    for (const [name, node] of directory.entries) {
      const path = `${prefix}/${name}`;
      if (node.kind === 'directory') left.push({ directory: node, path });
      if (node.kind !== 'content' || isLabelled(node)) continue;
      needsBase ||= node.content.place === undefined;
      addTo(places, node.content.checksum, { path, node });
    }
  }

  async function finish(contents: AsyncIterable<LayerContent>): Promise<ReadonlyMap<string, LabelledContent>> {
    const found = new Map<string, LabelledContent>();
    if (places.size === 0) return found;
    for await (const { entry, layer } of contents) {
      const own = places.get(entry.checksum);
      if (own === undefined) continue;
      places.delete(entry.checksum);
      found.set(entry.checksum, { layer, size: entry.size, objects: await labelContent(entry, own, labels) });
      if (places.size === 0) return found;
    }
    const [missing] = places.keys();
    throw objectMissing(`content object ${missing}`);
  }

  return { needsBase, finish };
}

/** Reads a content, and gives it its names at all of its places. */
async function labelContent(entry: ContentEntry, places: readonly Place[], labels: Labels): Promise<LabelledObject[]> {
  const { uid, gid, mode, kind, symlinkTarget } = entry;
  const byLabel = new Map<Xattr | undefined, Place[]>();
  for (const place of places) addTo(byLabel, labels.of(place.path, kind), place);
  const objects = [...byLabel].map(([label, nodes]) => {
    const xattrs = labelled(entry.xattrs, label);
    const hash = contentHash({ uid, gid, mode: fileTypeBits[kind] | mode, xattrs }, symlinkTarget);
    return { nodes, xattrs, hash };
  });
  for await (const chunk of entry.content()) for (const { hash } of objects) hash.update(chunk);
  return objects.map(({ nodes, xattrs, hash }) => {
    const checksum = hash.digest('hex');
    for (const { node } of nodes) node.content = { ...node.content, checksum };
    return { checksum, xattrs };
  });
}

function labelled(xattrs: readonly Xattr[], label: Xattr | undefined): readonly Xattr[] {
  return label === undefined ? xattrs : withLabel(xattrs, label);
}

function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}
