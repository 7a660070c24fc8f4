import { createHash } from 'node:crypto';
import type { CompressionAlgorithm } from '../../lib/compress/algorithms.ts';
import { compressed } from '../../lib/compress/compressed.ts';
import type { CompressionPool } from '../../lib/compress/pool.ts';
import type { LocalStore } from '../../oci/store.ts';
import { mediaTypes } from '../../oci/types.ts';
import type { LayerParts } from './layer-parts.ts';
import { tarContent } from './tar-content.ts';
import type { StoredLayer } from './types.ts';

const layerMediaTypes = { zstd: mediaTypes.layerZstd, gzip: mediaTypes.layerGzip } as const;

export interface WriteLayerOptions {
  /** The directory that the files' content is read from. */
  root: string;
  compression: CompressionAlgorithm;
  /** Shared with the layers that are written at the same time. */
  pool: CompressionPool;
  store: LocalStore;
  signal: AbortSignal;
  /** Told the size of each piece of the tar stream before it is compressed. */
  onBytes: (bytes: number) => void;
}

/**
 * Writes a layer's blob in one stream: read, hashed, compressed, hashed, stored. The pool bounds the memory. Nothing is
 * left of a layer that fails.
 * @throws CosaError `TREE_CHANGED`, `THREAD_FAILED`; what the store throws; the signal's reason
 */
export async function writeLayer(parts: LayerParts, options: WriteLayerOptions): Promise<StoredLayer> {
  const { root, compression, pool, store, signal, onBytes } = options;
  using content = tarContent(parts, root);
  const diffId = createHash('sha256');
  const fill = (buffer: Buffer) => {
    signal.throwIfAborted();
    const size = content.fill(buffer);
    diffId.update(buffer.subarray(0, size));
    onBytes(size);
    return size;
  };
  const blob = await store.createBlob();
  try {
    for await (const chunk of compressed(fill, compression, pool)) await blob.write(chunk);
    const { digest, size } = await blob.commit();
    return {
      descriptor: { mediaType: layerMediaTypes[compression], digest, size },
      diffId: `sha256:${diffId.digest('hex')}`,
    };
  } finally {
    await blob.abort();
  }
}
