import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/digest.ts';
import { decompress } from '../../src/oci/compression.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { verified } from '../../src/oci/verified.ts';
import { collect, zstdOf } from '../helpers/image.ts';

const content = Buffer.concat([randomBytes(100_000), Buffer.alloc(300_000)]);

const forms = [
  { name: 'none', mediaType: mediaTypes.layer, compress: async (bytes: Buffer) => bytes },
  { name: 'gzip', mediaType: mediaTypes.layerGzip, compress: async (bytes: Buffer) => gzipSync(bytes) },
  { name: 'zstd', mediaType: mediaTypes.layerZstd, compress: zstdOf },
];

function source(blob: Buffer, layer: Descriptor) {
  async function* chunks() {
    for (let offset = 0; offset < blob.length; offset += 10_000) yield blob.subarray(offset, offset + 10_000);
  }
  return verified(chunks(), layer, 'a test');
}

describe.each(forms)('decompress: $name', ({ mediaType, compress }) => {
  const describeBlob = (blob: Buffer): Descriptor => ({ mediaType, digest: digestOf(blob), size: blob.length });

  it('gives the bytes back', async () => {
    const blob = await compress(content);
    const layer = describeBlob(blob);
    expect((await collect(decompress(source(blob, layer), layer, content.length))).equals(content)).toBe(true);
  });

  it('stops where a layer expands too far', async () => {
    const blob = await compress(content);
    const layer = describeBlob(blob);
    await expect(collect(decompress(source(blob, layer), layer, content.length - 1))).rejects.toMatchObject({
      code: 'LAYER_TOO_LARGE',
      exitStatus: 4,
      message: `layer ${layer.digest} (${blob.length} bytes) expands to more than 399999 bytes`,
    });
  });

  it('passes on that the blob is damaged', async () => {
    const blob = await compress(content);
    const layer = describeBlob(blob);
    const damaged = Buffer.from(blob);
    damaged[50_000] = (damaged[50_000] ?? 0) ^ 1;
    await expect(collect(decompress(source(damaged, layer), layer, content.length))).rejects.toMatchObject({
      exitStatus: 4,
    });
  });

  it('passes on that the blob is cut off', async () => {
    const blob = await compress(content);
    const layer = describeBlob(blob);
    await expect(
      collect(decompress(source(blob.subarray(0, 50_000), layer), layer, content.length)),
    ).rejects.toMatchObject({ code: 'BLOB_SIZE_MISMATCH' });
  });
});

describe('decompress', () => {
  it.each(forms.slice(1))('refuses what follows a $name stream', async ({ mediaType, compress }) => {
    const blob = Buffer.concat([await compress(content), Buffer.from('something else')]);
    const layer: Descriptor = { mediaType, digest: digestOf(blob), size: blob.length };
    await expect(collect(decompress(source(blob, layer), layer, content.length))).rejects.toMatchObject({
      code: 'LAYER_COMPRESSION',
      message: `layer ${layer.digest} is not what ${mediaType} promises`,
    });
  });

  it('refuses an unknown media type', async () => {
    const layer: Descriptor = { mediaType: 'application/x-tar+xz', digest: digestOf(''), size: 0 };
    await expect(collect(decompress(source(Buffer.alloc(0), layer), layer, 1))).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message: `layer ${layer.digest} has the unknown media type application/x-tar+xz`,
    });
  });
});
