import { z } from 'zod';
import type { Cache } from '../../cache/cache.ts';
import { layerAnnotations } from '../../contract/labels.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { type Digest, isDigest } from '../../lib/digest.ts';
import { attempt } from '../../oci/attempt.ts';
import { diffIdOf } from '../../oci/compression.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader, ContentStore } from '../../oci/store.ts';
import type { LayerReuse, SettledLayer, StoredLayer } from './types.ts';

const digestSchema = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const storedLayerSchema = z.strictObject({
  descriptor: z.strictObject({ mediaType: z.string(), digest: digestSchema, size: z.number().int().nonnegative() }),
  diffId: digestSchema,
});

/** The image that the new one follows on, and where its blobs are read from. */
export interface PreviousImage {
  image: Pick<Image, 'manifest' | 'config'>;
  reader: Pick<ContentReader, 'readBlob'>;
}

/**
 * A layer of ours grows by less than this when another compressor, or another level, makes it: what is larger is no
 * other form of it, and is not fetched.
 */
const maximumGrowth = 4;
const anyGrowthBytes = 64 * 1024;

/**
 * Finds layers by content key in a cache of our own, with a small file for each layer that was written here: of
 * those alone we know which bytes the key stands for. A layer whose blob is gone, or has another size, is not found.
 *
 * What the previous image says of its layers is not believed, since anybody can put our key on other bytes. A layer that
 * only it knows is written again, which costs no download and gives the same bytes as a rule: then hosts have it. Where
 * it does not, since another version of a compressor made it, the previous blob is taken if its very stream is the one
 * that was written.
 */
export function layerReuse(
  store: Pick<ContentStore, 'hasBlob' | 'putBlob' | 'readBlob'>,
  cache: Pick<Cache, 'readText' | 'writeText'>,
  previous?: PreviousImage,
): LayerReuse {
  const ofPrevious = previous === undefined ? new Map<string, StoredLayer>() : layersByContentKey(previous.image);
  const entryName = (contentKey: string) => `${contentKey}.json`;
  const has = ({ descriptor: { digest, size } }: StoredLayer) => store.hasBlob(digest, size);

  async function find(contentKey: string, signal: AbortSignal): Promise<StoredLayer | undefined> {
    const kept = parse(await cache.readText(entryName(contentKey)));
    if (kept === undefined || !(await has(kept))) return undefined;
    return (await settle(contentKey, kept, signal)).layer;
  }

  async function settle(contentKey: string, written: StoredLayer, signal: AbortSignal): Promise<SettledLayer> {
    const settled = await prefer(ofPrevious.get(contentKey), written, signal);
    const { descriptor, diffId } = settled.layer;
    const { mediaType, digest, size } = descriptor;
    const text = canonicalJson({ descriptor: { mediaType, digest, size }, diffId });
    if ((await cache.readText(entryName(contentKey))) !== text) await cache.writeText(entryName(contentKey), text);
    return settled;
  }

  /** Takes the previous image's blob of a layer that is here with other bytes. */
  async function prefer(theirs: StoredLayer | undefined, own: StoredLayer, signal: AbortSignal): Promise<SettledLayer> {
    if (theirs?.descriptor.digest === own.descriptor.digest) return { layer: own, reused: true };
    const isSame = theirs !== undefined && mayBeSame(theirs, own) && (await obtainVerified(theirs, signal));
    return isSame ? { layer: theirs, reused: true } : { layer: own, reused: false };
  }

  /** Makes sure that the blob is here, and is what its diffid says. */
  async function obtainVerified({ descriptor, diffId }: StoredLayer, signal: AbortSignal): Promise<boolean> {
    if (previous === undefined) return false;
    const { reader } = previous;
    const { value } = await attempt(async () => {
      if (!(await has({ descriptor, diffId }))) {
        await store.putBlob({ descriptor, open: (stop) => reader.readBlob(descriptor, stop) }, { signal });
      }
      return diffIdOf(store.readBlob(descriptor, signal), descriptor);
    });
    // Missing, or not what its digest says: then there is nothing to be gained.
    return value === diffId;
  }

  return { find, settle };
}

/** Whether a look at the bytes is worth while. */
function mayBeSame(theirs: StoredLayer, own: StoredLayer): boolean {
  const isNear = theirs.descriptor.size <= own.descriptor.size * maximumGrowth + anyGrowthBytes;
  return theirs.diffId === own.diffId && isNear;
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

function layersByContentKey({ manifest, config }: PreviousImage['image']): Map<string, StoredLayer> {
  const layers = new Map<string, StoredLayer>();
  manifest.layers.forEach(({ mediaType, digest, size, annotations }, index) => {
    const key = annotations?.[layerAnnotations.contentKey];
    const diffId = config.rootfs.diff_ids[index];
    if (key !== undefined && diffId !== undefined) layers.set(key, { descriptor: { mediaType, digest, size }, diffId });
  });
  return layers;
}
