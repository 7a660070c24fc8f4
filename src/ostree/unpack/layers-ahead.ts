import { createBufferPool } from '../../lib/buffer-pool.ts';
import { decompressedBytes } from '../../lib/compress/zstd-frames.ts';
import { readAhead } from '../../lib/read-ahead.ts';
import type { LayerBuffers } from '../../oci/compression.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { BaseLayer } from './base-layers.ts';
import { layerTar } from './layer-tar.ts';
import type { UnpackLimits } from './limits.ts';

/**
 * Layers that are open at once: each is decompressed by a thread, of some 40 MB. What comes out is worked on by one thread,
 * which takes longer: more threads would wait for it.
 */
const openLayers = 2;
/** Of each piece of a blob. */
const compressedBytes = 1024 * 1024;
/** Decompressed bytes of each that may wait. */
const waitingBytes = 8 * 1024 * 1024;

/** Layers in their order, the next ones read and decompressed ahead. Disposing of it ends what is under way. */
export interface LayersAhead extends AsyncDisposable {
  /** The next layer's tar stream, to be read to its end before the one after it. A chunk is good until the next is asked for. */
  next(): AsyncIterable<Buffer>;
}

/** The streams throw what `layerTar` throws. */
export function layersAhead(
  reader: ContentReader,
  layers: readonly BaseLayer[],
  limits: UnpackLimits,
  signal: AbortSignal,
): LayersAhead {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const open: AsyncGenerator<Buffer, void, void>[] = [];
  let begun = 0;
  const buffers: LayerBuffers = {
    compressed: createBufferPool(compressedBytes),
    decompressed: createBufferPool(decompressedBytes),
  };

  function openMore(): void {
    for (const layer of layers.slice(begun, begun + openLayers - open.length)) {
      begun++;
      open.push(readAhead(layerTar(reader, layer, limits, stopped, buffers), waitingBytes));
    }
  }

  return {
    async *next() {
      openMore();
      const current = open[0];
      if (current === undefined) throw new RangeError('there is no further layer');
      for await (const chunk of current) {
        yield chunk;
        buffers.decompressed.giveBack(chunk);
      }
      open.shift();
      openMore();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      for (const chunks of open) await chunks.return();
    },
  };
}
