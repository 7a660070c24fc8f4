import { CosaError, verificationError } from '../lib/errors.ts';
import type { Image } from '../oci/image.ts';
import type { ContentReader } from '../oci/store.ts';
import type { Reporter } from '../progress/reporter.ts';
import { type BaseLayer, type OstreeLayers, partsOfImage } from './unpack/base-layers.ts';
import { checkTree, objectMissing } from './unpack/commit-tree.ts';
import { ostreeLayers } from './unpack/content-layer.ts';
import { collectTree, type ImageTree } from './unpack/image-tree.ts';
import { type ContentEntry, drain, type MetadataEntry, unreferenced } from './unpack/layer-objects.ts';
import { layersAhead } from './unpack/layers-ahead.ts';
import { defaultLimits, type UnpackLimits } from './unpack/limits.ts';
import { mergeImage } from './unpack/merge.ts';
import { readOstreeTree } from './unpack/ostree-tree.ts';

/** Where an image's contents go. */
export interface ContentSink {
  /**
   * Takes a file or symbolic link, all of its content included. Called for one object after the other, in the order of the
   * layers and of what is in them, once for each object of the commit, and of the one that ordinary layers were put on.
   */
  write(entry: ContentEntry): Promise<void>;
  /** Told that a layer holds an object, whether it is written or was before. @param layer index in the image */
  saw?(layer: number, checksum: string): void;
}

/**
 * Reads an operating system's container and gives its contents to a sink: an ostree container, one derived from such with
 * ordinary layers on top, or an ordinary one. Everything is verified while it streams: blobs, diffids, each object under
 * its own name, and that the commit is complete and an ostree container has no other contents. The next layers are read
 * and decompressed while one is worked on.
 *
 * Each layer is read once; ordinary ones twice, for which of their entries count shows at the end of the last, and once more
 * if they get labels of an SELinux policy, which stand in what contents are named by.
 * @param begin makes the sink, once the tree is known: before the first content
 * @throws CosaError `NOT_OSTREE`, `CONTENT_TOO_LARGE`, `OBJECT_MISSING`, `OBJECT_UNREFERENCED` (exit 4), what `mergeImage`,
 *   `objectsOfTar` and the sink throw; the signal's reason
 */
export async function unpackImage(
  reader: ContentReader,
  image: Image,
  begin: (tree: ImageTree) => Promise<ContentSink>,
  reporter: Reporter,
  limits: UnpackLimits = defaultLimits,
): Promise<void> {
  const { signal } = reporter;
  const { ostree, ordinary } = partsOfImage(image);
  const all = [...(ostree?.layers ?? []), ...ordinary];
  // What is read twice counts twice.
  const counting = counted(reader, [...all, ...ordinary], reporter);
  const source =
    ostree !== undefined && ordinary.length === 0
      ? streamedTree(reader, ostree, limits, signal)
      : mergedSource(await mergeImage(counting, image, { ostree, ordinary }, limits, signal));
  const written = new Set<string>();
  let contentBytes = 0;
  let begun: { needed: ReadonlySet<string>; sink: ContentSink } | undefined;

  async function beginSink(): Promise<{ needed: ReadonlySet<string>; sink: ContentSink }> {
    const tree = await source.complete();
    const needed = new Set<string>();
    for (const commit of [tree, ...(tree.below === undefined ? [] : [tree.below])]) {
      for (const checksum of await checkTree(commit, commit.commit, limits.paths)) needed.add(checksum);
    }
    return { needed, sink: await begin(tree) };
  }

  async function take(entry: ContentEntry, layer: BaseLayer | undefined, index: number): Promise<void> {
    begun ??= await beginSink();
    if (!begun.needed.has(entry.checksum)) throw unreferenced(entry);
    begun.sink.saw?.(index, entry.checksum);
    if (written.has(entry.checksum)) return drain(entry);
    contentBytes += entry.size;
    if (contentBytes > limits.contentBytes) throw contentTooLarge(layer, limits);
    written.add(entry.checksum);
    await begun.sink.write(entry);
  }

  // Of ordinary layers with labels, and of those below with other ones, some are read once more.
  const readings = source.tree.layers.map(({ layer }) => layer);
  await using ahead = layersAhead(counting, readings, limits, signal);
  for (const [index, { layer, objects }] of source.tree.layers.entries()) {
    for await (const entry of objects(ahead.next())) {
      signal.throwIfAborted();
      if (entry.type === 'metadata') source.add(entry);
      else await take(entry, layer, index);
    }
  }
  for (const entry of source.tree.made) await take(entry, undefined, readings.length);
  const { needed } = begun ?? (await beginSink());
  for (const checksum of needed) if (!written.has(checksum)) throw objectMissing(`content object ${checksum}`);
}

/** The tree of what is unpacked. */
interface TreeSource {
  tree: ImageTree;
  /** Takes a metadata object of a layer. */
  add(entry: MetadataEntry): void;
  /** The tree with all of its metadata. */
  complete(): Promise<ImageTree>;
}

/** An ostree container's tree, which comes with its contents. */
function streamedTree(
  reader: ContentReader,
  ostree: OstreeLayers,
  limits: UnpackLimits,
  signal: AbortSignal,
): TreeSource {
  const { tree, add } = collectTree(ostree.commit, ostreeLayers(ostree.layers, limits));
  // Images of one layer, as older tools wrote them, have metadata and content mixed: that layer is read twice.
  async function complete(): Promise<ImageTree> {
    try {
      await checkTree(tree, tree.commit, limits.paths);
      return tree;
    } catch (error) {
      if (!(error instanceof CosaError) || error.code !== 'OBJECT_MISSING') throw error;
      return readOstreeTree(reader, ostree, limits, signal);
    }
  }
  return { tree, add, complete };
}

/** A tree that is known before any content: of the layers' metadata nothing is in it. */
function mergedSource(tree: ImageTree): TreeSource {
  return { tree, add: () => undefined, complete: async () => tree };
}

/** Reports the bytes of layer blobs as they are read. */
function counted(reader: ContentReader, layers: readonly BaseLayer[], reporter: Reporter): ContentReader {
  const total = layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  let done = 0;
  return {
    ...reader,
    async *readBlob(descriptor, signal, buffers) {
      for await (const chunk of reader.readBlob(descriptor, signal, buffers)) {
        done += chunk.length;
        reporter.progress(done, Math.max(done, total), 'bytes');
        yield chunk;
      }
    },
  };
}

function contentTooLarge(layer: BaseLayer | undefined, limits: UnpackLimits) {
  return verificationError(
    'CONTENT_TOO_LARGE',
    `layer ${layer?.descriptor.digest}: the image's files are larger than ${limits.contentBytes} bytes`,
    { hint: 'no operating system is this large: do not trust the image' },
  );
}
