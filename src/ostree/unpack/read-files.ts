import { posix } from 'node:path';
import { buildMetadataComponent, layerAnnotations } from '../../contract/labels.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { type BaseLayer, ostreeImage } from './base-layers.ts';
import { checkTree, fileNames, findFile } from './commit-tree.ts';
import { collectTree, type ImageTree } from './image-tree.ts';
import { type ContentEntry, readLayerObjects } from './layer-objects.ts';
import { defaultLimits } from './limits.ts';

/** Most bytes of a file that is read into memory. */
const maximumFileBytes = 16 * 1024 * 1024;
/**
 * Reads an image's tree without its files, complete and checked. Stops reading where the metadata ends, which is in
 * the first layer before any content: each object is verified by its checksum, up to the commit of the label.
 * @throws CosaError `NOT_OSTREE`, `OBJECT_MISSING`, `OBJECT_INVALID`, `TREE_TOO_LARGE` (exit 4), and what
 *   `readLayerObjects` throws; the signal's reason
 */
export async function readImageTree(reader: ContentReader, image: Image, signal?: AbortSignal): Promise<ImageTree> {
  const check = (read: ImageTree) => checkTree(read, read.commit, defaultLimits.paths);
  const { tree, isEnough } = await readMetadata(reader, image, check, signal);
  if (!isEnough) await check(tree);
  return tree;
}

/**
 * As {@link readImageTree}, for whoever looks into a few directories alone: nothing says that the rest of the tree is
 * there, or how large it is. Each object is verified by its checksum all the same.
 */
export async function readImageDirectories(
  reader: ContentReader,
  image: Image,
  directories: readonly string[],
  signal?: AbortSignal,
): Promise<ImageTree> {
  const lists = async (read: ImageTree) => {
    for (const directory of directories) await fileNames(read, read.commit, directory);
  };
  return (await readMetadata(reader, image, lists, signal)).tree;
}

/**
 * @param use tries what the metadata is needed for; throws `OBJECT_MISSING` if there must be more of it
 * @returns the metadata, and whether `use` has shown that it is enough; if not, it is all that there is
 */
async function readMetadata(
  reader: ContentReader,
  image: Image,
  use: (tree: ImageTree) => Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<{ tree: ImageTree; isEnough: boolean }> {
  const ostree = ostreeImage(image);
  const { tree, add } = collectTree(ostree.commit);
  // Images of one layer, as older tools wrote them, have metadata and content mixed.
  let mayBeComplete = true;
  for (const layer of ostree.layers.slice(0, 1)) {
    for await (const entry of readLayerObjects(reader, layer, defaultLimits, signal)) {
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

/**
 * Reads a few small files of an image, verified against its commit, and no more layers than needed: those first that say
 * that they hold what a build writes about itself.
 * @param paths absolute paths in the commit: `/usr/share/coreos-assembler/image.json`
 * @param known the image's tree, if it was read already
 * @returns the files that there are: symbolic links and missing paths are left out
 * @throws CosaError `CONTAINER_FILE_TOO_LARGE` (exit 4), and what {@link readImageTree} throws; the signal's reason
 */
export async function readFiles(
  reader: ContentReader,
  image: Image,
  paths: readonly string[],
  known?: ImageTree,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const tree = known ?? (await readImageDirectories(reader, image, paths.map(posix.dirname), signal));
  const wanted = new Map<string, string[]>();
  for (const path of paths) {
    const checksum = await findFile(tree, tree.commit, path);
    if (checksum !== undefined) wanted.set(checksum, [...(wanted.get(checksum) ?? []), path]);
  }
  const found = new Map<string, Buffer>();
  for (const layer of likelyFirst(ostreeImage(image).layers)) {
    if (wanted.size === 0) break;
    for await (const entry of readLayerObjects(reader, layer, defaultLimits, signal)) {
      const names = entry.type === 'content' ? wanted.get(entry.checksum) : undefined;
      if (names === undefined || entry.type !== 'content') continue;
      if (entry.kind === 'file') {
        const content = await wholeContent(entry, names);
        for (const name of names) found.set(name, content);
      }
      wanted.delete(entry.checksum);
      if (wanted.size === 0) break;
    }
  }
  return found;
}

function likelyFirst(layers: readonly BaseLayer[]): BaseLayer[] {
  const isLikely = ({ descriptor: { annotations } }: BaseLayer) =>
    annotations?.[layerAnnotations.components]?.split(',').includes(buildMetadataComponent) === true;
  return [...layers.filter(isLikely), ...layers.filter((layer) => !isLikely(layer))];
}

async function wholeContent(entry: ContentEntry, paths: readonly string[]): Promise<Buffer> {
  if (entry.size > maximumFileBytes) {
    throw verificationError(
      'CONTAINER_FILE_TOO_LARGE',
      `${paths[0]} in the image has ${entry.size} bytes; at most ${maximumFileBytes} are accepted`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
