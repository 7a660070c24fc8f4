import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { isSystemError } from '../../lib/errors.ts';
import type { LocalStore } from '../../oci/store.ts';
import { layerMediaTypes, startCompressor } from './compressor.ts';
import type { LayerParts } from './layer-parts.ts';
import { type BlockBuffers, tarBlocks } from './tar-blocks.ts';
import type { LayerCompression, StoredLayer } from './types.ts';

export interface WriteLayerOptions {
  /** The directory that the files' content is read from. */
  root: string;
  /** Not used by another layer at the same time. */
  buffers: BlockBuffers;
  compression: LayerCompression;
  store: LocalStore;
  signal: AbortSignal;
  /** Told the size of each piece of the tar stream as it is compressed. */
  onBytes: (bytes: number) => void;
}

/** A pipe gives 64 KiB at a time; writing a file costs by the call rather than by the byte. */
const minimumWrite = 512 * 1024;

/**
 * Writes a layer's blob in one stream: read, hashed, compressed, hashed, stored, with about a MiB in memory. Nothing is
 * left of a layer that fails.
 * @throws CosaError `TREE_CHANGED`, `TOOL_MISSING`, `TOOL_FAILED`; what the store throws; the signal's reason
 */
export async function writeLayer(parts: LayerParts, options: WriteLayerOptions): Promise<StoredLayer> {
  const compressor = startCompressor(options.compression);
  const blob = await options.store.createBlob();
  const diffId = createHash('sha256');

  async function feed(): Promise<void> {
    let pending = Promise.resolve();
    for (const block of tarBlocks(parts, options.root, options.buffers)) {
      options.signal.throwIfAborted();
      diffId.update(block);
      // The block before this one must be gone before the next one overwrites its buffer.
      await pending;
      pending = write(compressor.input, block);
      pending.catch(() => undefined);
      options.onBytes(block.length);
    }
    await pending;
    compressor.input.end();
  }

  async function drain(): Promise<void> {
    let chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of compressor.output as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size < minimumWrite) continue;
      await blob.write(Buffer.concat(chunks, size));
      chunks = [];
      size = 0;
    }
    await blob.write(Buffer.concat(chunks, size));
  }

  const tasks = [feed(), drain()];
  try {
    try {
      await Promise.all(tasks);
    } catch (error) {
      // A compressor that has died says why in its ending; what we met is a closed pipe.
      if (isSystemError(error, 'EPIPE')) await compressor.done;
      throw error;
    }
    await compressor.done;
    const { digest, size } = await blob.commit();
    return {
      descriptor: { mediaType: layerMediaTypes[options.compression], digest, size },
      diffId: `sha256:${diffId.digest('hex')}`,
    };
  } finally {
    compressor.kill();
    await Promise.allSettled(tasks);
    await blob.abort();
  }
}

function write(stream: Writable, block: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(block, (error) => (error ? reject(error) : resolve()));
  });
}
