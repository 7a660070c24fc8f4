import { join } from 'node:path';
import { type Digest, digestHex } from '../../lib/digest.ts';

// https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md; what is ours lies in `.cosa`,
// where other tools do not look.

export interface LayoutPaths {
  directory: string;
  layoutFile: string;
  indexFile: string;
  blobs: string;
  /** Blobs that are being written. */
  temporary: string;
  /** Blobs that were found damaged and set aside, under their names. */
  damaged: string;
  /** Held exclusively while index.json is replaced. */
  indexLock: string;
  /** Held shared by whoever writes blobs, exclusively by whoever removes some. */
  writersLock: string;
}

export function layoutPaths(directory: string): LayoutPaths {
  const own = join(directory, '.cosa');
  return {
    directory,
    layoutFile: join(directory, 'oci-layout'),
    indexFile: join(directory, 'index.json'),
    blobs: join(directory, 'blobs', 'sha256'),
    temporary: join(own, 'tmp'),
    damaged: join(own, 'damaged'),
    indexLock: join(own, 'index.lock'),
    writersLock: join(own, 'writers.lock'),
  };
}

/** Where a layout keeps the blob with this digest. */
export function blobPath(paths: LayoutPaths, digest: Digest): string {
  return join(paths.blobs, digestHex(digest));
}

/** True for the file name of a blob; files with other names are not ours. */
export function isBlobName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
