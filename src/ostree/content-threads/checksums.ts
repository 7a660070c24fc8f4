import { createHash } from 'node:crypto';
import { readRange, type ScannedFile, withOpenFile } from './read-file.ts';

/** Files whose objects are to be named. */
export interface ChecksumRequest {
  kind: 'checksums';
  /** The directory that the files lie in. */
  root: string;
  files: readonly (ScannedFile & {
    /** What is hashed before the content: see `contentPrefix`. */
    prefix: Uint8Array;
  })[];
}

/** Large enough that a system's few large files take few calls, small enough to stay in a processor's cache. */
const readBytes = 1024 * 1024;
let made: Buffer | undefined;

/**
 * @returns hex sha256 over prefix and content of each file
 * @throws CosaError `TREE_CHANGED`; system errors, which name the file
 */
export function checksums({ root, files }: ChecksumRequest): string[] {
  const buffer = made ?? Buffer.allocUnsafeSlow(readBytes + 1);
  made = buffer;
  return files.map(({ path, size, prefix }) => {
    const hash = createHash('sha256').update(prefix);
    withOpenFile(root, path, (descriptor) => {
      let offset = 0;
      do {
        const count = Math.min(readBytes, size - offset);
        readRange(descriptor, { path, size, offset, count }, buffer, 0);
        hash.update(buffer.subarray(0, count));
        offset += count;
      } while (offset < size);
    });
    return hash.digest('hex');
  });
}
