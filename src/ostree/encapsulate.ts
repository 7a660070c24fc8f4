import { layerAnnotations } from '../contract/labels.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sortByBytes } from '../lib/order.ts';
import { mapParallel } from '../lib/parallel.ts';
import { storeBytes } from '../oci/artifact.ts';
import { mediaTypes } from '../oci/types.ts';
import { contentThreads } from './content-threads.ts';
import { layerContentKey } from './encapsulate/content-key.ts';
import { asJson, imageConfig, imageManifest, ostreeLabels } from './encapsulate/image.ts';
import { baseLayerParts, componentLayerParts, type LayerParts } from './encapsulate/layer-parts.ts';
import type { EncapsulatedImage, EncapsulatedLayer, EncapsulateOptions } from './encapsulate/types.ts';
import { writeLayer } from './encapsulate/write-layer.ts';

/**
 * Makes an ostree-in-container image of a scanned tree and stores its layers, config and manifest; setting a tag
 * is the caller's. The same inputs give the same digest. A layer whose content key is known is neither read nor
 * compressed. Memory does not grow with the tree's size.
 * @throws CosaError `TREE_HAS_ETC`, `TREE_CHANGED`, `THREAD_FAILED`; what the store throws
 */
export async function encapsulate(options: EncapsulateOptions): Promise<EncapsulatedImage> {
  const layers = await obtainLayers(planLayers(options), options);
  const labels = { ...options.labels, ...ostreeLabels(options.commit.checksum, layers) };
  const { architecture, timestamp, command } = options;
  const inputs = { layers, labels, architecture, timestamp, command };
  const config = imageConfig(inputs);
  const manifest = imageManifest(
    await storeBytes(options.store, Buffer.from(canonicalJson(asJson(config))), mediaTypes.config),
    inputs,
  );
  const descriptor = await options.store.putManifest(canonicalJson(asJson(manifest)), mediaTypes.manifest);
  return { descriptor, manifest, config, layers };
}

/** So many layers more than there are threads: while finished blobs are flushed to disk, the cores have work. */
const layersInFlush = 2;

/** A layer that is to be found or written. */
interface PlannedLayer {
  components: readonly string[];
  /** Begins the layer's tar stream from the start, each time anew. */
  parts: () => LayerParts;
  contentKey: string;
  /** Bytes of the tar stream. */
  size: number;
}

function planLayers({ tree, commit, layers, compression }: EncapsulateOptions): PlannedLayer[] {
  const owned = new Set(layers.flatMap(({ paths }) => paths));
  const rest = sortByBytes([...tree.files.keys()].filter((path) => !owned.has(path)));
  const plan = (components: readonly string[], parts: () => LayerParts): PlannedLayer => {
    const { key, size } = layerContentKey(parts(), compression);
    return { components, parts, contentKey: key, size };
  };
  return [
    plan([], () => baseLayerParts(tree, commit, rest)),
    ...layers.map(({ components, paths }) => {
      const sorted = sortByBytes(paths);
      return plan(components, () => componentLayerParts(tree, sorted));
    }),
  ];
}

async function obtainLayers(
  planned: readonly PlannedLayer[],
  options: EncapsulateOptions,
): Promise<EncapsulatedLayer[]> {
  const found = new Map<PlannedLayer, EncapsulatedLayer>();
  const missing: PlannedLayer[] = [];
  for (const layer of planned) {
    const stored = await options.reuse.find(layer.contentKey, options.reporter.signal);
    if (stored === undefined) missing.push(layer);
    else found.set(layer, { ...stored, components: layer.components, reused: true });
  }
  await writeLayers(missing, options, found);
  return planned.flatMap((layer) => {
    const result = found.get(layer);
    if (result === undefined) return [];
    const annotations = {
      [layerAnnotations.contentKey]: layer.contentKey,
      ...(layer.components.length === 0 ? {} : { [layerAnnotations.components]: layer.components.join(',') }),
    };
    return [{ ...result, descriptor: { ...result.descriptor, annotations } }];
  });
}

/** Writes layers side by side, the largest first, so that no large one is left to run alone at the end. */
async function writeLayers(
  missing: readonly PlannedLayer[],
  { root, compression, store, reuse, reporter }: EncapsulateOptions,
  results: Map<PlannedLayer, EncapsulatedLayer>,
): Promise<void> {
  using threads = contentThreads();
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    reporter.progress(done, total, 'bytes');
  };
  async function work(layer: PlannedLayer, signal: AbortSignal): Promise<void> {
    const written = await writeLayer(layer.parts(), { root, compression, threads, store, signal, onBytes });
    const { layer: stored, reused } = await reuse.settle(layer.contentKey, written, signal);
    results.set(layer, { ...stored, components: layer.components, reused });
  }
  const largestFirst = missing.toSorted((a, b) => b.size - a.size);
  await mapParallel(largestFirst, work, threads.size + layersInFlush, reporter.signal);
}
