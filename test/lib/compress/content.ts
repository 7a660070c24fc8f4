import { createHash } from 'node:crypto';
import type { Fill } from '../../../src/lib/compress/compressed.ts';

/** Bytes that look like a system's files, some compressible and some not. The same at every call. */
export function content(size: number): Buffer {
  const parts: Buffer[] = [];
  for (let length = 0, counter = 0; length < size; counter++) {
    const hash = createHash('sha512').update(String(counter)).digest();
    const part = [hash, Buffer.from(hash.toString('hex')), Buffer.alloc(hash[0] ?? 0, 'text of a file\n')][counter % 3];
    parts.push(part ?? hash);
    length += part?.length ?? 0;
  }
  return Buffer.concat(parts, size);
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
