import { posix } from 'node:path';
import { buildMetadataComponent, layerAnnotations } from '../../contract/labels.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { partsOfImage } from './base-layers.ts';
import { fileNames, findFile } from './commit-tree.ts';
import type { ContentLayer } from './content-layer.ts';
import type { ImageTree } from './image-tree.ts';
import type { ContentEntry } from './layer-objects.ts';
import { layerTar } from './layer-tar.ts';
import { defaultLimits } from './limits.ts';
import { mergeImage } from './merge.ts';
import { readMetadata, readOstreeTree } from './ostree-tree.ts';

/** Most bytes of a file that is read into memory. */
const maximumFileBytes = 16 * 1024 * 1024;

/**
 * Reads an image's tree without its files, complete and checked: of an ostree container alone the metadata, which stands
 * before any content; ordinary layers are read to their ends, for their tree is what they hold.
 * @throws CosaError what `readOstreeTree` and `mergeImage` throw; the signal's reason
 */
export async function readImageTree(
  reader: ContentReader,
  image: Image,
  signal: AbortSignal = neverAborted(),
): Promise<ImageTree> {
  const { ostree, ordinary } = partsOfImage(image);
  if (ostree !== undefined && ordinary.length === 0) return readOstreeTree(reader, ostree, defaultLimits, signal);
  return mergeImage(reader, image, { ostree, ordinary }, defaultLimits, signal);
}

/**
 * As {@link readImageTree}, for whoever looks into a few directories alone.
 * @param directories absolute paths
 */
export function readImageDirectories(
  reader: ContentReader,
  image: Image,
  directories: readonly string[],
  signal?: AbortSignal,
): Promise<ImageTree> {
  const lists = async (read: ImageTree) => {
    for (const directory of directories) await fileNames(read, read.commit, directory);
  };
  return readImageMetadata(reader, image, lists, signal);
}

/**
 * As {@link readImageTree}, for whoever needs a part of the tree alone: nothing says that the rest of an ostree
 * container's tree is there, or how large it is. Each object is verified by its checksum all the same.
 * @param use tries what the tree is needed for; throws `OBJECT_MISSING` if there must be more of it
 */
export async function readImageMetadata(
  reader: ContentReader,
  image: Image,
  use: (tree: ImageTree) => Promise<unknown>,
  signal?: AbortSignal,
): Promise<ImageTree> {
  const { ostree, ordinary } = partsOfImage(image);
  if (ostree === undefined || ordinary.length > 0) return readImageTree(reader, image, signal);
  return (await readMetadata(reader, ostree, defaultLimits, use, signal)).tree;
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
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
  for (const { layer, objects } of likelyFirst(tree.layers)) {
    if (wanted.size === 0) break;
    for await (const entry of objects(layerTar(reader, layer, defaultLimits, signal))) {
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

function likelyFirst(layers: readonly ContentLayer[]): ContentLayer[] {
  const isLikely = ({ layer: { descriptor } }: ContentLayer) =>
    descriptor.annotations?.[layerAnnotations.components]?.split(',').includes(buildMetadataComponent) === true;
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
