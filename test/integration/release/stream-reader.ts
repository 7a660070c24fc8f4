import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** A reader of streams by somebody else: it knows JSON and HTTP, and nothing of this program. */
export interface ReadImage {
  /** The disk, unpacked. */
  path: string;
  /** As it was downloaded. */
  packed: string;
  /** Of that; a file only if there is one. */
  signature: string;
  release: string;
}

interface Described {
  architectures: Record<
    string,
    { artifacts: Record<string, { release: string; formats: Record<string, { disk: Record<string, string> }> }> }
  >;
}

/**
 * Finds an image in a stream, downloads it, and checks both of its checksums.
 * @param address of the stream's document
 * @param format with its compressor, gzip
 */
export async function readImage(
  address: string,
  [platform, format]: readonly [platform: string, format: string],
  directory: string,
): Promise<ReadImage> {
  const stream = (await (await get(address)).json()) as Described;
  const media = stream.architectures.x86_64?.artifacts[platform];
  const disk = media?.formats[format]?.disk ?? {};
  const packed = join(directory, `packed.${format}`);
  const signature = `${packed}.sig`;
  if (disk.signature !== undefined) {
    await writeFile(signature, Buffer.from(await (await get(disk.signature)).arrayBuffer()));
  }
  const body = Readable.fromWeb((await get(disk.location)).body as never);
  const path = packed.replace(/\.gz$/, '');
  const hashes = { packed: createHash('sha256'), plain: createHash('sha256') };
  const file = createWriteStream(packed);
  await pipeline(
    body,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hashes.packed.update(chunk);
        if (!file.write(chunk)) await new Promise<void>((resolve) => void file.once('drain', () => resolve()));
        yield chunk;
      }
    },
    createGunzip(),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hashes.plain.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  await new Promise<void>((resolve) => void file.end(() => resolve()));
  const found = { sha256: hashes.packed.digest('hex'), uncompressed: hashes.plain.digest('hex') };
  if (found.sha256 !== disk.sha256 || found.uncompressed !== disk['uncompressed-sha256']) {
    throw new Error(`${disk.location} is not what the stream says`);
  }
  return { path, packed, signature, release: media?.release ?? '' };
}

async function get(address: string | undefined): Promise<Response> {
  const response = await fetch(address ?? 'the stream names none');
  if (!response.ok) throw new Error(`${address}: status ${response.status}`);
  return response;
}
