import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type CompressionAlgorithm, pieceBytes } from '../../../src/lib/compress/algorithms.ts';
import { compressPiece } from '../../../src/lib/compress/piece.ts';
import { streamHeader, streamTrailer } from '../../../src/lib/compress/stream-format.ts';

const largest = 13 * 1024 * 1024;
let made: Buffer | undefined;

/** Bytes that look like a system's files, some compressible and some not. The same at every call. */
export function content(size: number): Buffer {
  made ??= make();
  return made.subarray(0, size);
}

function make(): Buffer {
  const parts: Buffer[] = [];
  for (let length = 0, counter = 0; length < largest; counter++) {
    const hash = createHash('sha512').update(String(counter)).digest();
    const part = [hash, Buffer.from(hash.toString('hex')), Buffer.alloc(hash[0] ?? 0, 'text of a file\n')][counter % 3];
    parts.push(part ?? hash);
    length += part?.length ?? 0;
  }
  return Buffer.concat(parts, largest);
}

/** A whole stream, as the layers' threads and `writeLayer` make it. */
export async function compressed(bytes: Buffer, algorithm: CompressionAlgorithm): Promise<Buffer> {
  const pieces: Uint8Array[] = [streamHeader(algorithm)];
  for (let offset = 0; offset === 0 || offset < bytes.length; offset += pieceBytes) {
    pieces.push(await compressPiece(algorithm, bytes.subarray(offset, offset + pieceBytes)));
  }
  return Buffer.concat([...pieces, streamTrailer(algorithm, { crc32: crc32(bytes), size: bytes.length })]);
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
