import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { type Digest, isDigest } from '../../lib/digest.ts';
import { CosaError, exitStatus } from '../../lib/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../lib/files.ts';
import { diffIdOf } from '../../oci/compression.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader, ContentStore } from '../../oci/store.ts';
import type { LayerReuse, SettledLayer, StoredLayer } from './types.ts';

/** Annotation of a layer's descriptor: its content key, by which a later build knows the layer without reading it. */
export const contentKeyAnnotation = 'coreos-assembler.content-key';

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
 * Finds layers by content key: in the previous image, then in a directory with a small file a layer, which also
 * knows layers of builds that were stopped before they had a manifest. A layer whose blob is gone is not found.
 *
 * The previous image may lie in a registry. Then its layers are written again, for that costs no download and gives
 * the same bytes as a rule. Where it does not, since another version of a compressor made them, the previous
 * blob is fetched: hosts have it.
 * @param directory made when the first layer is remembered; always safe to delete
 */
export function layerReuse(
  store: Pick<ContentStore, 'hasBlob' | 'putBlob' | 'readBlob'>,
  directory: string,
  previous?: PreviousImage,
): LayerReuse {
  const ofPrevious = previous === undefined ? new Map<string, StoredLayer>() : layersByContentKey(previous.image);
  const file = (contentKey: string) => join(directory, `${contentKey}.json`);

  async function find(contentKey: string, signal: AbortSignal): Promise<StoredLayer | undefined> {
    const theirs = ofPrevious.get(contentKey);
    if (theirs !== undefined && (await store.hasBlob(theirs.descriptor.digest))) return theirs;
    const kept = parse(await readTextIfExists(file(contentKey)));
    if (kept === undefined || !(await store.hasBlob(kept.descriptor.digest))) return undefined;
    return (await prefer(theirs, kept, signal)).layer;
  }

  async function settle(contentKey: string, written: StoredLayer, signal: AbortSignal): Promise<SettledLayer> {
    const settled = await prefer(ofPrevious.get(contentKey), written, signal);
    const { descriptor, diffId } = settled.layer;
    const { mediaType, digest, size } = descriptor;
    await writeFileAtomic(file(contentKey), canonicalJson({ descriptor: { mediaType, digest, size }, diffId }));
    return settled;
  }

  /** Takes the previous image's blob of a layer that is here with other bytes. */
  async function prefer(theirs: StoredLayer | undefined, own: StoredLayer, signal: AbortSignal): Promise<SettledLayer> {
    if (theirs?.descriptor.digest === own.descriptor.digest) return { layer: own, reused: true };
    // A content key is what the previous image says. Its bytes count if they are the stream that was just written.
    const isSame = theirs !== undefined && theirs.diffId === own.diffId && (await fetchVerified(theirs, signal));
    return isSame ? { layer: theirs, reused: true } : { layer: own, reused: false };
  }

  async function fetchVerified({ descriptor, diffId }: StoredLayer, signal: AbortSignal): Promise<boolean> {
    if (previous === undefined) return false;
    const { reader } = previous;
    try {
      await store.putBlob({ descriptor, open: (stop) => reader.readBlob(descriptor, stop) }, { signal });
      return (await diffIdOf(store.readBlob(descriptor, signal), descriptor)) === diffId;
    } catch (error) {
      // Gone, or not what its digest says: then there is nothing to be gained.
      if (error instanceof CosaError && error.exitStatus === exitStatus.verification) return false;
      throw error;
    }
  }

  return { find, settle };
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
    const key = annotations?.[contentKeyAnnotation];
    const diffId = config.rootfs.diff_ids[index];
    if (key !== undefined && diffId !== undefined) layers.set(key, { descriptor: { mediaType, digest, size }, diffId });
  });
  return layers;
}
