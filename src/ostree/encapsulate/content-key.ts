import { createHash } from 'node:crypto';
import { type CompressionAlgorithm, compressionParameters } from '../../lib/compress/algorithms.ts';
import type { LayerParts } from './layer-parts.ts';

/** To be raised when layers with the same entries get other bytes. */
const keyVersion = 'layer/1';

/**
 * What a layer's blob is a function of: every byte of its tar stream and how it is compressed. The bytes of
 * files need not be read for that: before each stands its header, whose name is the content's checksum.
 * @returns hex sha256, and how many bytes the tar stream has
 */
export function layerContentKey(parts: LayerParts, compression: CompressionAlgorithm): { key: string; size: number } {
  const hash = createHash('sha256').update(`${keyVersion}\n${compressionParameters(compression)}\n`);
  let size = 0;
  for (const part of parts) {
    if (Buffer.isBuffer(part)) {
      hash.update(part);
      size += part.length;
    } else {
      size += part.size;
    }
  }
  return { key: hash.digest('hex'), size };
}
