import { createHash } from 'node:crypto';
import type { Fill } from '../../../src/lib/compress/compressed.ts';

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

/** Gives these bytes to `compressed`. */
export function filledFrom(bytes: Buffer): Fill {
  let position = 0;
  return (buffer) => {
    const count = bytes.copy(buffer, 0, position);
    position += count;
    return count;
  };
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
