import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { contentHash, fileTypeBits } from '../objects.ts';
import type { ImageParts, OstreeLayers } from './base-layers.ts';
import { checkTree } from './commit-tree.ts';
import { type ContentLayer, ostreeLayers } from './content-layer.ts';
import { readDirectories } from './directories.ts';
import { collectTree, type ImageTree } from './image-tree.ts';
import { type ContentEntry, drain, unreferenced } from './layer-objects.ts';
import { layerTar } from './layer-tar.ts';
import { layersAhead } from './layers-ahead.ts';
import { keptBytes, type UnpackLimits } from './limits.ts';
import { labelImage } from './merge/label-image.ts';
import { type MergedCommit, mergedCommit } from './merge/merged-commit.ts';
import { mergedTree } from './merge/merged-tree.ts';
import { base, copyOf, fromCommit, hasBootc, type MergedDirectory, newDirectory } from './merge/node.ts';
import { ordinaryLayer } from './merge/ordinary-layer.ts';
import { makeSystem, requireStorable, showAsContainer } from './merge/system-tree.ts';
import { readOstreeTree } from './ostree-tree.ts';

/**
 * Reads the tree of an image with ordinary layers, and makes a commit of it: each layer is put on top of the ones before, and
 * what results is given the shape of a system that ostree deploys, and its labels. Ordinary layers are read to their ends, verified; of an
 * ostree commit below, the metadata alone, where it needs no new labels. No content is kept: {@link ImageTree.layers} tells where each lies.
 * @throws CosaError `LAYER_PATH`, `CONTAINER_PATH`, `TREE_TOO_LARGE`, `CONTENT_TOO_LARGE`, `LAYER_DIFFID` (exit 4), what
 *   `labelImage`, `readOstreeTree` and `readTar` throw; the signal's reason
 */
export async function mergeImage(
  reader: ContentReader,
  image: Image,
  { ostree, ordinary }: ImageParts,
  limits: UnpackLimits,
  signal: AbortSignal,
): Promise<ImageTree> {
  const below = ostree === undefined ? undefined : await readOstreeTree(reader, ostree, limits, signal);
  const commitRoot = below === undefined ? undefined : (await readDirectories(below)).root;
  const root = commitRoot === undefined ? newDirectory(base) : fromCommit(commitRoot);
  showAsContainer(root);
  const links = ostree === undefined ? async () => undefined : linkTargets(reader, ostree, limits, signal);
  const merged = mergedTree(root, links, limits);
  await using ahead = layersAhead(reader, ordinary, limits, signal);
  let first: MergedDirectory | undefined;
  for (const layer of ordinary) {
    await merged.add(layer, checked(ahead.next(), signal));
    // What later layers hide of it is needed if it is to be a commit of its own.
    if (below === undefined) first ??= copyOf(root);
  }

  const ownLink = ostreeLink();
  const link = { checksum: ownLink.checksum, target: ownLink.symlinkTarget, size: 0, place: undefined };
  const firstNeedsLink = first !== undefined && makeSystem(first, link);
  const needsLink = makeSystem(root, link) || firstNeedsLink;
  requireStorable(root, (index) => ordinary[index]?.descriptor.digest ?? '');
  // bootc knows an ordinary container by the commit of its first layer.
  const trees = [root, ...(first === undefined || !hasBootc(root) ? [] : [first])] as const;
  let commits = trees.map((tree) => mergedCommit(tree, image));
  const wanted = commits.flatMap(({ contents }) => contents);
  const needed = below === undefined ? new Set<string>() : await checkTree(below, below.commit, limits.paths);
  const sources = {
    base: ostree === undefined ? [] : baseLayers(ostree, needed, limits),
    ordinary: ordinary.map((layer, index) => ordinaryLayer(layer, wantedOf(wanted, index))),
    made: needsLink ? [ownLink] : [],
  };
  const labelled = await labelImage(trees, commitRoot, sources, { reader, limits, signal });
  if (labelled !== undefined) commits = trees.map((tree) => mergedCommit(tree, image));
  const { layers, made } = labelled ?? { layers: [...sources.base, ...sources.ordinary], made: sources.made };
  const [tree, firstTree] = commits.map((commit) => treeOf(commit, layers, made)) as [ImageTree, ImageTree?];
  // Bounds what whoever lists it holds in memory.
  await checkTree(tree, tree.commit, limits.paths);
  return { ...tree, below: below ?? firstTree };
}

function treeOf({ commit, metadata }: MergedCommit, layers: ContentLayer[], made: ContentEntry[]): ImageTree {
  const { tree, add } = collectTree(commit.checksum, layers, made);
  for (const object of [commit, ...metadata]) add(object);
  return tree;
}

async function* checked(tar: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of tar) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** The layers of an ostree commit: their metadata is known, and nothing else may be in them but its contents. */
function baseLayers({ layers }: OstreeLayers, needed: ReadonlySet<string>, limits: UnpackLimits): ContentLayer[] {
  return ostreeLayers(layers, limits).map(({ layer, objects }) => ({
    layer,
    async *objects(tar) {
      for await (const entry of objects(tar)) {
        if (entry.type === 'metadata') continue;
        if (!needed.has(entry.checksum)) throw unreferenced(entry);
        yield entry;
      }
    },
  }));
}

/** The contents of an ordinary layer that count, by offset. */
function wantedOf(contents: MergedCommit['contents'], layer: number): ReadonlyMap<number, string> {
  const wanted = new Map<number, string>();
  for (const { checksum, place } of contents) if (place?.layer === layer) wanted.set(place.offset, checksum);
  return wanted;
}

/** The targets of a commit's symbolic links: read when the first is asked for, for few images ask. */
function linkTargets(
  reader: ContentReader,
  { layers }: OstreeLayers,
  limits: UnpackLimits,
  signal: AbortSignal,
): (checksum: string) => Promise<string | undefined> {
  let known: Promise<ReadonlyMap<string, string>> | undefined;
  async function readAll(): Promise<ReadonlyMap<string, string>> {
    const targets = new Map<string, string>();
    for (const { layer, objects } of ostreeLayers(layers, limits)) {
      const keep = keptBytes(layer.descriptor);
      for await (const entry of objects(layerTar(reader, layer, limits, signal))) {
        if (entry.type !== 'content' || entry.kind !== 'symlink') continue;
        await drain(entry);
        keep(entry.symlinkTarget.length);
        targets.set(entry.checksum, entry.symlinkTarget);
      }
    }
    return targets;
  }
  return async (checksum) => {
    known ??= readAll();
    return (await known).get(checksum);
  };
}

/** What leads to the repository, in an image that has nothing there. */
function ostreeLink(): ContentEntry {
  const owner = { uid: 0, gid: 0, mode: 0o777, xattrs: [] };
  const symlinkTarget = 'sysroot/ostree';
  const checksum = contentHash({ ...owner, mode: fileTypeBits.symlink | owner.mode }, symlinkTarget).digest('hex');
  async function* content(): AsyncGenerator<Buffer, void, void> {}
  return { type: 'content', kind: 'symlink', checksum, ...owner, size: 0, symlinkTarget, content };
}
