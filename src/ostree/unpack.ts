import { mkdir, rm } from 'node:fs/promises';
import { verificationError } from '../lib/errors.ts';
import { mapParallel } from '../lib/parallel.ts';
import type { Image } from '../oci/image.ts';
import type { ContentReader } from '../oci/store.ts';
import type { Reporter } from '../progress/reporter.ts';
import { type BareRepository, createBareRepository } from './unpack/bare-repository.ts';
import { type BaseLayer, ostreeImage } from './unpack/base-layers.ts';
import { checkTree, objectMissing } from './unpack/commit-tree.ts';
import { readLayerObjects } from './unpack/layer-objects.ts';
import { defaultLimits, type UnpackLimits } from './unpack/limits.ts';

export interface UnpackOptions {
  /** Becomes a ref that points to the commit. */
  ref: string;
  limits?: UnpackLimits;
}

/** Layers that are read side by side: decompression runs in its own process or thread, the rest in this one. */
const concurrency = 3;

/**
 * Unpacks an ostree container into a new repository of mode `bare`, which `ostree admin deploy` can use as it is.
 * Everything is verified while it streams: blobs, diffids, each object under its own name, and in the end that
 * the commit of the label is complete and nothing else was in the image. Must run as root or namespace root.
 *
 * Not atomic: an error removes the directory, SIGKILL leaves a part of it. Nothing outside of it is ever written.
 * @param directory where the repository goes; must not exist
 * @returns the commit's checksum
 * @throws CosaError `NOT_OSTREE`, `CONTENT_TOO_LARGE`, `OBJECT_MISSING`, `OBJECT_UNREFERENCED` (exit 4), and what
 *   `readLayerObjects` throws
 */
export async function unpackImage(
  reader: ContentReader,
  image: Image,
  directory: string,
  options: UnpackOptions,
  reporter: Reporter,
): Promise<string> {
  const { commit, layers } = ostreeImage(image);
  await mkdir(directory);
  const repository = await createBareRepository(directory);
  try {
    const limits = options.limits ?? defaultLimits;
    const written = await unpackLayers(counted(reader, image, reporter), layers, repository, limits, reporter.signal);
    await checkComplete(repository, commit, written, limits);
    await repository.writeRef(options.ref, commit);
    await repository.finish();
    return commit;
  } catch (error) {
    await repository.abort();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Reports the bytes of layer blobs as they are read. */
function counted(reader: ContentReader, { manifest }: Image, reporter: Reporter): ContentReader {
  const total = manifest.layers.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  return {
    ...reader,
    async *readBlob(descriptor, signal) {
      for await (const chunk of reader.readBlob(descriptor, signal)) {
        done += chunk.length;
        reporter.progress(done, total, 'bytes');
        yield chunk;
      }
    },
  };
}

/** Returns the checksums of all content objects. The first error stops every layer. */
async function unpackLayers(
  reader: ContentReader,
  layers: readonly BaseLayer[],
  repository: BareRepository,
  limits: UnpackLimits,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const written = new Set<string>();
  let contentBytes = 0;

  async function unpackLayer(layer: BaseLayer, stopped: AbortSignal): Promise<void> {
    for await (const entry of readLayerObjects(reader, layer, limits, stopped)) {
      stopped.throwIfAborted();
      if (entry.type === 'content') {
        if (!written.has(entry.checksum)) contentBytes += entry.size;
        if (contentBytes > limits.contentBytes) throw contentTooLarge(layer, limits);
        written.add(entry.checksum);
        await repository.writeContent(entry);
      } else {
        await repository.writeMetadata(entry);
      }
    }
  }

  await mapParallel(layers, unpackLayer, concurrency, signal);
  return written;
}

async function checkComplete(
  repository: BareRepository,
  commit: string,
  written: ReadonlySet<string>,
  limits: UnpackLimits,
): Promise<void> {
  const needed = await checkTree(repository, commit, limits.entries);
  for (const checksum of needed) {
    if (!written.has(checksum)) throw objectMissing(`content object ${checksum}`);
  }
  for (const checksum of written) {
    if (!needed.has(checksum)) {
      throw verificationError('OBJECT_UNREFERENCED', `the image holds object ${checksum}, which is not in its commit`, {
        hint: 'no tool that builds images puts it there: do not trust the image',
      });
    }
  }
}

function contentTooLarge(layer: BaseLayer, limits: UnpackLimits) {
  return verificationError(
    'CONTENT_TOO_LARGE',
    `layer ${layer.descriptor.digest}: the image's files are larger than ${limits.contentBytes} bytes`,
    { hint: 'no operating system is this large: do not trust the image' },
  );
}
