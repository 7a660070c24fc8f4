import { CosaError } from '../../lib/errors.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { OstreeLayers } from './base-layers.ts';
import { checkTree } from './commit-tree.ts';
import { ostreeLayers } from './content-layer.ts';
import { collectTree, type ImageTree } from './image-tree.ts';
import { layerTar } from './layer-tar.ts';
import type { UnpackLimits } from './limits.ts';

/**
 * Reads a commit's tree without its files, complete and checked. Stops reading where the metadata ends, which is in
 * the first layer before any content: each object is verified by its checksum, up to the commit of the label.
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID`, `TREE_TOO_LARGE` (exit 4), and what `objectsOfTar` throws; the
 *   signal's reason
 */
export async function readOstreeTree(
  reader: ContentReader,
  ostree: OstreeLayers,
  limits: UnpackLimits,
  signal?: AbortSignal,
): Promise<ImageTree> {
  const check = (read: ImageTree) => checkTree(read, read.commit, limits.paths);
  const { tree, isEnough } = await readMetadata(reader, ostree, limits, check, signal);
  if (!isEnough) await check(tree);
  return tree;
}

/**
 * Reads metadata until there is enough of it.
 * @param use tries what the metadata is needed for; throws `OBJECT_MISSING` if there must be more of it
 * @returns the metadata, and whether `use` has shown that it is enough; if not, it is all that there is
 */
export async function readMetadata(
  reader: ContentReader,
  { commit, layers }: OstreeLayers,
  limits: UnpackLimits,
  use: (tree: ImageTree) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<{ tree: ImageTree; isEnough: boolean }> {
  const all = ostreeLayers(layers, limits);
  const { tree, add } = collectTree(commit, all);
  // Images of one layer, as older tools wrote them, have metadata and content mixed.
  let mayBeComplete = true;
  for (const { layer, objects } of all.slice(0, 1)) {
    for await (const entry of objects(layerTar(reader, layer, limits, signal))) {
      if (entry.type === 'metadata') {
        add(entry);
      } else if (mayBeComplete) {
        mayBeComplete = false;
        if (await findsAll(use(tree))) return { tree, isEnough: true };
      }
    }
  }
  return { tree, isEnough: false };
}

async function findsAll(use: Promise<unknown>): Promise<boolean> {
  try {
    await use;
    return true;
  } catch (error) {
    if (error instanceof CosaError && error.code === 'OBJECT_MISSING') return false;
    throw error;
  }
}
