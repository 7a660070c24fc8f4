import { createHash } from 'node:crypto';
import { verificationError } from '../../lib/errors.ts';
import { decompress, type LayerBuffers } from '../../oci/compression.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { BaseLayer } from './base-layers.ts';
import { maximumLayerBytes, type UnpackLimits } from './limits.ts';

/**
 * A layer's tar stream; ends only if the diffid is right.
 * @param buffers see `decompress`
 * @throws CosaError `LAYER_DIFFID` (exit 4), and what decompression and the blob reader throw; the signal's reason
 */
export async function* layerTar(
  reader: ContentReader,
  { descriptor, diffId }: BaseLayer,
  limits: UnpackLimits,
  signal?: AbortSignal,
  buffers?: LayerBuffers,
): AsyncGenerator<Buffer, void, void> {
  const hash = createHash('sha256');
  const blob = reader.readBlob(descriptor, signal, buffers?.compressed);
  for await (const chunk of decompress(blob, descriptor, maximumLayerBytes(descriptor, limits), buffers)) {
    hash.update(chunk);
    yield chunk;
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== diffId) {
    throw verificationError(
      'LAYER_DIFFID',
      `layer ${descriptor.digest} has the diffid ${found}, the config says ${diffId}`,
      {
        hint: 'the image was put together wrongly: build or copy it again',
      },
    );
  }
}
