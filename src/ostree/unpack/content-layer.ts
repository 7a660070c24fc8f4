import type { BaseLayer } from './base-layers.ts';
import { type ContentEntry, type MetadataEntry, objectsOfTar } from './layer-objects.ts';
import type { UnpackLimits } from './limits.ts';

/** A layer, and how the objects in it are read. */
export interface ContentLayer {
  layer: BaseLayer;
  /**
   * Reads a layer's objects in their order.
   * @param tar its stream, see `layerTar`
   * @throws CosaError what `objectsOfTar` and `contentsOfTar` throw (exit 4)
   */
  objects(tar: AsyncIterable<Buffer>): AsyncGenerator<MetadataEntry | ContentEntry, void, void>;
}

/** Layers of an ostree commit, as they hold its objects. */
export function ostreeLayers(layers: readonly BaseLayer[], limits: UnpackLimits): ContentLayer[] {
  return layers.map((layer) => ({ layer, objects: (tar) => objectsOfTar(tar, layer, limits) }));
}
