import { inflateRaw, inflate as inflateZlib } from 'node:zlib';

/**
 * Decompresses a unit of a disk, which may have other bytes behind it.
 * @param bytes that it has when it is decompressed
 * @throws Error for what is damaged, or gives more or less
 */
export async function inflate(compressed: Buffer, kind: 'deflate' | 'zlib', bytes: number): Promise<Buffer> {
  const function_ = kind === 'zlib' ? inflateZlib : inflateRaw;
  return new Promise((resolve, reject) => {
    // One byte more, so that too much shows.
    function_(compressed, { maxOutputLength: bytes + 1 }, (error, result) => {
      if (error === null && result.length === bytes) resolve(result);
      else reject(error ?? new Error(`it gives ${result.length} bytes`));
    });
  });
}
