import type { CompressionAlgorithm } from '../../lib/compress/algorithms.ts';
import { streamHeader, streamTrailer } from '../../lib/compress/stream-format.ts';
import type { LocalStore } from '../../oci/store.ts';
import { mediaTypes } from '../../oci/types.ts';
import type { ContentThreads, LayerStream } from '../content-threads.ts';
import type { LayerParts } from './layer-parts.ts';
import { layerPieces } from './layer-pieces.ts';
import type { StoredLayer } from './types.ts';

const layerMediaTypes = { zstd: mediaTypes.layerZstd, gzip: mediaTypes.layerGzip } as const;

export interface WriteLayerOptions {
  /** The directory that the files' content is read from. */
  root: string;
  compression: CompressionAlgorithm;
  /** Shared with the layers that are written at the same time. */
  threads: ContentThreads;
  store: LocalStore;
  signal: AbortSignal;
  /** Told the size of each piece of the tar stream when it is compressed. */
  onBytes: (bytes: number) => void;
}

/**
 * Writes a layer's blob: threads read, hash and compress it piece by piece, and here the pieces are stored in their order.
 * The threads bound the memory. The bytes depend on the parts and on `compressionParameters` alone: not on the number of
 * threads, nor on which piece is done first. Nothing is left of a layer that fails.
 * @throws CosaError `TREE_CHANGED`, `THREAD_FAILED`; system errors; what the store throws; the signal's reason
 */
export async function writeLayer(parts: LayerParts, options: WriteLayerOptions): Promise<StoredLayer> {
  const { compression, threads, store } = options;
  using layer = threads.layer(options);
  const blob = await store.createBlob();
  try {
    await blob.write(streamHeader(compression));
    for await (const piece of compressedPieces(parts, layer, options)) await blob.write(piece);
    const stream = await layer.end();
    await blob.write(streamTrailer(compression, stream));
    const { digest, size } = await blob.commit();
    return {
      descriptor: { mediaType: layerMediaTypes[compression], digest, size },
      diffId: `sha256:${stream.sha256}`,
    };
  } finally {
    await blob.abort();
  }
}

async function* compressedPieces(
  parts: LayerParts,
  layer: LayerStream,
  { threads, signal, onBytes }: WriteLayerOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const pieces = layerPieces(parts);
  const underWay: { size: number; compressed: Promise<Uint8Array> }[] = [];
  try {
    let piece = pieces.next();
    while (piece.done !== true || underWay.length > 0) {
      while (piece.done !== true && underWay.length < threads.maximumPieces) {
        signal.throwIfAborted();
        const { size } = piece.value;
        // With results to come there is something better to do than to wait for memory.
        const begun = await layer.compress(piece.value, underWay.length === 0);
        if (begun === undefined) break;
        underWay.push({ size, ...begun });
        piece = pieces.next();
      }
      const next = underWay.shift();
      if (next === undefined) continue;
      yield await next.compressed;
      onBytes(next.size);
    }
  } finally {
    await Promise.allSettled(underWay.map(({ compressed }) => compressed));
  }
}
