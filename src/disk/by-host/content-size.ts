import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const blockSize = 4096;

/** Bytes that a tree's content takes in blocks of 4 KiB, a file with several names counted once. */
export async function contentBytes(directory: string): Promise<number> {
  const seen = new Set<number>();
  async function measure(path: string): Promise<number> {
    let bytes = 0;
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      const { ino, nlink, size } = await lstat(child);
      if (entry.isDirectory()) bytes += await measure(child);
      else if (nlink > 1 && seen.has(ino)) continue;
      else if (nlink > 1) seen.add(ino);
      bytes += Math.ceil(size / blockSize) * blockSize;
    }
    return bytes;
  }
  return measure(directory);
}
