import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { type Digest, isDigest } from '../../lib/digest.ts';
import { readTextIfExists, writeFileAtomic } from '../../lib/files.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { LayerReuse, StoredLayer } from './types.ts';

/** Annotation of a layer's descriptor: its content key, by which a later build knows the layer without reading it. */
export const contentKeyAnnotation = 'coreos-assembler.content-key';

const digestSchema = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const storedLayerSchema = z.strictObject({
  descriptor: z.strictObject({ mediaType: z.string(), digest: digestSchema, size: z.number().int().nonnegative() }),
  diffId: digestSchema,
});

/**
 * Finds layers by content key: in the previous image, then in a directory with a small file a layer, which also
 * knows layers of builds that were stopped before they had a manifest. A layer whose blob is gone is not found.
 * @param directory made when the first layer is remembered; always safe to delete
 */
export function layerReuse(store: Pick<ContentReader, 'hasBlob'>, directory: string, previous?: Image): LayerReuse {
  const ofPrevious = previous === undefined ? new Map<string, StoredLayer>() : layersByContentKey(previous);
  const file = (contentKey: string) => join(directory, `${contentKey}.json`);

  async function find(contentKey: string): Promise<StoredLayer | undefined> {
    const candidates = [ofPrevious.get(contentKey), parse(await readTextIfExists(file(contentKey)))];
    for (const candidate of candidates) {
      if (candidate !== undefined && (await store.hasBlob(candidate.descriptor.digest))) return candidate;
    }
    return undefined;
  }

  async function remember(contentKey: string, { descriptor, diffId }: StoredLayer): Promise<void> {
    const { mediaType, digest, size } = descriptor;
    await writeFileAtomic(file(contentKey), canonicalJson({ descriptor: { mediaType, digest, size }, diffId }));
  }

  return { find, remember };
}

/** A file that makes no sense is as good as none: the layer is written again. */
function parse(text: string | undefined): StoredLayer | undefined {
  if (text === undefined) return undefined;
  try {
    return storedLayerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function layersByContentKey({ manifest, config }: Image): Map<string, StoredLayer> {
  const layers = new Map<string, StoredLayer>();
  manifest.layers.forEach(({ mediaType, digest, size, annotations }, index) => {
    const key = annotations?.[contentKeyAnnotation];
    const diffId = config.rootfs.diff_ids[index];
    if (key !== undefined && diffId !== undefined) layers.set(key, { descriptor: { mediaType, digest, size }, diffId });
  });
  return layers;
}
