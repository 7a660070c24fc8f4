import { crc32, gunzip } from 'node:zlib';
import { decompressXz, isXz } from '../../lib/compress/decompress-xz.ts';
import { decompressZstd } from '../../lib/compress/decompress-zstd.ts';
import { deflateFragment, maximumInput, maximumOutput } from '../../lib/compress/deflate.ts';
import { streamHeader, streamTrailer } from '../../lib/compress/stream-format.ts';
import { firstFrame } from '../../lib/compress/zstd-frames.ts';
import { readCpio } from '../../lib/cpio/reader.ts';
import { encodeCpio } from '../../lib/cpio/writer.ts';
import { sortByBytes } from '../../lib/order.ts';

/** Files of an initramfs archive by their paths. */
export type ArchiveFiles = ReadonlyMap<string, Buffer>;

/** Bytes that an archive may expand to: the kernel's memory is the limit, and nobody embeds as much. */
const largestArchive = 64 << 20;
const mostMembers = 10_000;

/**
 * The archive as the kernel unpacks it from an initramfs: cpio, compressed with gzip, in which all kernels have been able to
 * read it. The same files give the same bytes.
 * @throws CosaError `CPIO_MEMBER` (exit 1)
 */
export function encodeArchive(files: ArchiveFiles): Buffer {
  const members = sortByBytes(files.keys()).map((path) => {
    return { path, permissions: 0o600, content: files.get(path) as Buffer };
  });
  return gzip(encodeCpio(members));
}

function gzip(bytes: Buffer): Buffer {
  const parts: Uint8Array[] = [streamHeader('gzip')];
  for (let at = 0; at < bytes.length; at += maximumInput) {
    const output = new Uint8Array(maximumOutput);
    parts.push(output.subarray(0, deflateFragment(bytes.subarray(at, at + maximumInput), output)));
  }
  return Buffer.concat([...parts, streamTrailer('gzip', { crc32: crc32(bytes), size: bytes.length })]);
}

/**
 * The regular files of an archive with zeros behind it: cpio as it is, or compressed with gzip, xz or zstd, whatever the
 * kernel and coreos-installer read. Of two files of one path the last counts, as for the kernel. Zeros alone are no files.
 * @throws Error that says what is wrong with it
 */
export async function decodeArchive(bytes: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const archive = await decompressed(bytes);
  for await (const entry of readCpio(archive, { members: mostMembers })) {
    if ((entry.mode & 0o170000) === 0o100000) files.set(entry.path, await entry.bytes(largestArchive));
  }
  return files;
}

async function decompressed(bytes: Buffer): Promise<AsyncIterable<Uint8Array>> {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipped(bytes);
  if (isXz(bytes)) return once(decompressXz(bytes, largestArchive));
  if (bytes.subarray(0, 4).equals(zstdMagic)) {
    const frame = firstFrame(bytes);
    if (bytes.subarray(frame.length).some((byte) => byte !== 0)) throw somethingFollows();
    return bounded(decompressZstd(once(frame)));
  }
  return once(bytes);
}

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

function somethingFollows(): Error {
  return new Error('something follows the compressed archive');
}

async function gunzipped(bytes: Buffer): Promise<AsyncIterable<Uint8Array>> {
  const { buffer, engine } = await new Promise<GunzipResult>((resolve, reject) => {
    const options = { info: true, maxOutputLength: largestArchive };
    gunzip(bytes, options, (error, result) => {
      if (error === null) resolve(result as unknown as GunzipResult);
      else reject(new Error(`the gzip stream cannot be read: ${error.message}`));
    });
  });
  if (bytes.subarray(engine.bytesWritten).some((byte) => byte !== 0)) throw somethingFollows();
  return once(buffer);
}

/** What `info` makes of the result, which node's types do not know. */
interface GunzipResult {
  buffer: Buffer;
  /** Tells how much of the input was read. */
  engine: { bytesWritten: number };
}

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > largestArchive) throw new Error(`it expands to more than ${largestArchive} bytes`);
    yield chunk;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
