import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { BufferPool } from '../lib/buffer-pool.ts';
import { decompressZstd } from '../lib/compress/decompress-zstd.ts';
import type { Digest } from '../lib/digest.ts';
import { CosaError, verificationError } from '../lib/errors.ts';
import { type Descriptor, mediaTypes } from './types.ts';

/** Buffers for a layer that are used again and again. */
export interface LayerBuffers {
  compressed: BufferPool;
  /** Of `decompressedBytes`. */
  decompressed: BufferPool;
}

/**
 * A layer's uncompressed bytes. The compressed ones are always read to their end, so a source that verifies a
 * digest has done so when this ends.
 * @param source the layer blob's bytes
 * @param maximumBytes how much the layer may expand to: a few kilobytes can stand for gigabytes of zeros
 * @param buffers where the source has its chunks from, and where decompressed ones are taken from for a consumer who gives
 *   them back; what is not decompressed by us needs other ones
 * @throws CosaError `MEDIA_TYPE_UNKNOWN`, `LAYER_TOO_LARGE`, `LAYER_COMPRESSION` (exit 4), `THREAD_FAILED`, and what the
 *   source throws
 */
export async function* decompress(
  source: AsyncIterable<Buffer>,
  layer: Descriptor,
  maximumBytes: number,
  buffers?: LayerBuffers,
): AsyncGenerator<Buffer, void, void> {
  let size = 0;
  for await (const chunk of uncompressed(source, layer, buffers)) {
    size += chunk.length;
    if (size > maximumBytes) {
      throw verificationError(
        'LAYER_TOO_LARGE',
        `layer ${layer.digest} (${layer.size} bytes) expands to more than ${maximumBytes} bytes`,
        { hint: 'a layer that expands this much is an attack, or a file full of zeros that does not belong there' },
      );
    }
    yield chunk;
  }
}

/** Bytes that one layer of ours may expand to: only the disk-filling kind is refused. */
const maximumLayerBytes = 64 * 1024 ** 3;

/**
 * Computes a layer's diffid: the digest of its uncompressed bytes.
 * @param source the layer blob's bytes
 * @throws CosaError what {@link decompress} throws
 */
export async function diffIdOf(source: AsyncIterable<Buffer>, layer: Descriptor): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of decompress(source, layer, maximumLayerBytes)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

function uncompressed(
  source: AsyncIterable<Buffer>,
  layer: Descriptor,
  buffers: LayerBuffers | undefined,
): AsyncIterable<Buffer> {
  switch (layer.mediaType) {
    case mediaTypes.layer:
      return source;
    case mediaTypes.layerGzip:
      return throughGunzip(source, layer);
    case mediaTypes.layerZstd:
      return throughZstd(source, layer, buffers);
    default:
      throw verificationError(
        'MEDIA_TYPE_UNKNOWN',
        `layer ${layer.digest} has the unknown media type ${layer.mediaType}`,
        {
          hint: `known are ${mediaTypes.layer}, with +gzip or +zstd or neither`,
        },
      );
  }
}

async function* throughGunzip(source: AsyncIterable<Buffer>, layer: Descriptor): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const input = watched(source);
  const feeding = pipeline(input.chunks, gunzip);
  feeding.catch(() => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
    await feeding;
  } catch (error) {
    throw error instanceof CosaError ? error : damaged(layer, error);
  } finally {
    gunzip.destroy();
  }
  if (!input.ended()) throw damaged(layer);
}

async function* throughZstd(
  source: AsyncIterable<Buffer>,
  layer: Descriptor,
  buffers: LayerBuffers | undefined,
): AsyncGenerator<Buffer> {
  try {
    yield* buffers === undefined
      ? decompressZstd(source)
      : decompressZstd(givingBack(source, buffers.compressed), buffers.decompressed);
  } catch (error) {
    throw error instanceof CosaError && error.code === 'ZSTD_INVALID' ? damaged(layer, error) : error;
  }
}

async function* givingBack(source: AsyncIterable<Buffer>, buffers: BufferPool): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    yield chunk;
    buffers.giveBack(chunk);
  }
}

/** Remembers whether a stream was read to its end, where its digest is checked. */
function watched(source: AsyncIterable<Buffer>) {
  let ended = false;
  async function* chunks(): AsyncGenerator<Buffer> {
    yield* source;
    ended = true;
  }
  return { chunks, ended: () => ended };
}

function damaged(layer: Descriptor, cause?: unknown): CosaError {
  return verificationError('LAYER_COMPRESSION', `layer ${layer.digest} is not what ${layer.mediaType} promises`, {
    hint: 'the compressed data is damaged or followed by something else: build or copy the image again',
    cause,
  });
}
