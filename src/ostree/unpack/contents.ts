import type { ContentReader } from '../../oci/store.ts';
import type { ContentLayer } from './content-layer.ts';
import type { ContentEntry } from './layer-objects.ts';
import { layersAhead } from './layers-ahead.ts';
import type { UnpackLimits } from './limits.ts';

/** A content, and the layer that it was read from. */
export interface LayerContent {
  entry: ContentEntry;
  /** Undefined for what no layer holds. */
  layer: ContentLayer | undefined;
}

/**
 * Reads the contents of layers, one after the other. Who has found what it looked for may stop.
 * @throws CosaError what `layerTar` and the layers throw; the signal's reason
 */
export async function* contentsOf(
  reader: ContentReader,
  layers: readonly ContentLayer[],
  limits: UnpackLimits,
  signal: AbortSignal,
): AsyncGenerator<LayerContent, void, void> {
  await using ahead = layersAhead(
    reader,
    layers.map(({ layer }) => layer),
    limits,
    signal,
  );
  for (const layer of layers) {
    for await (const entry of layer.objects(ahead.next())) {
      signal.throwIfAborted();
      if (entry.type === 'content') yield { entry, layer };
    }
  }
}
