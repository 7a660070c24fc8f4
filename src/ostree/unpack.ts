import { CosaError, verificationError } from '../lib/errors.ts';
import type { Image } from '../oci/image.ts';
import type { ContentReader } from '../oci/store.ts';
import type { Reporter } from '../progress/reporter.ts';
import { type BaseLayer, ostreeImage } from './unpack/base-layers.ts';
import { checkTree, objectMissing } from './unpack/commit-tree.ts';
import { collectTree, type ImageTree } from './unpack/image-tree.ts';
import { type ContentEntry, objectsOfTar } from './unpack/layer-objects.ts';
import { layersAhead } from './unpack/layers-ahead.ts';
import { defaultLimits, type UnpackLimits } from './unpack/limits.ts';
import { readImageTree } from './unpack/read-files.ts';

/** Where an image's contents go. */
export interface ContentSink {
  /**
   * Takes a file or symbolic link, all of its content included. Called for one object after the other, in the order of the
   * layers and of what is in them, once for each object of the commit.
   */
  write(entry: ContentEntry): Promise<void>;
}

/**
 * Reads an ostree container from its first byte to its last, each once, and gives its contents to a sink. Everything is
 * verified while it streams: blobs, diffids, each object under its own name, and that the commit of the label is complete
 * and the image has no other contents. The next layers are read and decompressed while one is worked on.
 * @param begin makes the sink, once the tree is known: before the first content
 * @throws CosaError `NOT_OSTREE`, `CONTENT_TOO_LARGE`, `OBJECT_MISSING`, `OBJECT_UNREFERENCED` (exit 4), what
 *   `readLayerObjects` and the sink throw; the signal's reason
 */
export async function unpackImage(
  reader: ContentReader,
  image: Image,
  begin: (tree: ImageTree) => Promise<ContentSink>,
  reporter: Reporter,
  limits: UnpackLimits = defaultLimits,
): Promise<void> {
  const { commit, layers } = ostreeImage(image);
  const { tree, add } = collectTree(commit);
  const written = new Set<string>();
  let contentBytes = 0;
  let begun: { needed: ReadonlySet<string>; sink: ContentSink } | undefined;

  async function beginSink(): Promise<{ needed: ReadonlySet<string>; sink: ContentSink }> {
    const known = await completeTree(tree, reader, image, limits, reporter.signal);
    return { needed: await checkTree(known, commit, limits.paths), sink: await begin(known) };
  }

  async function take(entry: ContentEntry, layer: BaseLayer): Promise<void> {
    begun ??= await beginSink();
    if (!begun.needed.has(entry.checksum)) throw unreferenced(entry);
    if (written.has(entry.checksum)) return drain(entry);
    contentBytes += entry.size;
    if (contentBytes > limits.contentBytes) throw contentTooLarge(layer, limits);
    written.add(entry.checksum);
    await begun.sink.write(entry);
  }

  await using ahead = layersAhead(counted(reader, image, reporter), layers, limits, reporter.signal);
  for (const layer of layers) {
    for await (const entry of objectsOfTar(ahead.next(), layer, limits)) {
      reporter.signal.throwIfAborted();
      if (entry.type === 'metadata') add(entry);
      else await take(entry, layer);
    }
  }
  const { needed } = begun ?? (await beginSink());
  for (const checksum of needed) if (!written.has(checksum)) throw objectMissing(`content object ${checksum}`);
}

/** Images of one layer, as older tools wrote them, have metadata and content mixed: that layer is read twice. */
async function completeTree(
  tree: ImageTree,
  reader: ContentReader,
  image: Image,
  { paths }: UnpackLimits,
  signal: AbortSignal,
): Promise<ImageTree> {
  try {
    await checkTree(tree, tree.commit, paths);
    return tree;
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'OBJECT_MISSING') throw error;
    return readImageTree(reader, image, signal);
  }
}

/** Reports the bytes of layer blobs as they are read. */
function counted(reader: ContentReader, { manifest }: Image, reporter: Reporter): ContentReader {
  const total = manifest.layers.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  return {
    ...reader,
    async *readBlob(descriptor, signal, buffers) {
      for await (const chunk of reader.readBlob(descriptor, signal, buffers)) {
        done += chunk.length;
        reporter.progress(done, total, 'bytes');
        yield chunk;
      }
    },
  };
}

/** Reads an object to its end, which verifies it. */
async function drain(entry: ContentEntry): Promise<void> {
  const content = entry.content();
  while ((await content.next()).done !== true);
}

function unreferenced({ checksum }: ContentEntry) {
  return verificationError('OBJECT_UNREFERENCED', `the image holds object ${checksum}, which is not in its commit`, {
    hint: 'no tool that builds images puts it there: do not trust the image',
  });
}

function contentTooLarge(layer: BaseLayer, limits: UnpackLimits) {
  return verificationError(
    'CONTENT_TOO_LARGE',
    `layer ${layer.descriptor.digest}: the image's files are larger than ${limits.contentBytes} bytes`,
    { hint: 'no operating system is this large: do not trust the image' },
  );
}
