import { verificationError } from '../../lib/errors.ts';
import type { MetadataSource } from './commit-tree.ts';
import type { MetadataEntry } from './layer-objects.ts';

/** Most bytes of all metadata objects: a million files have about this much. */
const maximumTreeBytes = 256 * 1024 * 1024;

/** A commit's metadata, held in memory. */
export interface ImageTree extends MetadataSource {
  commit: string;
  /** What was added to the commit after it was made, such as signatures; not covered by its checksum. */
  detachedMetadata(): Buffer | undefined;
}

/**
 * Gathers metadata objects as they are read.
 * @param commit checksum of the image's commit
 */
export function collectTree(commit: string): { tree: ImageTree; add(entry: MetadataEntry): void } {
  const objects = new Map<string, Buffer>();
  let size = 0;
  return {
    tree: {
      commit,
      readMetadata: async (kind, checksum) => objects.get(`${kind} ${checksum}`),
      detachedMetadata: () => objects.get(`commitmeta ${commit}`),
    },
    /** @throws CosaError `TREE_TOO_LARGE` (exit 4) */
    add({ kind, checksum, bytes }) {
      size += bytes.length;
      if (size > maximumTreeBytes) {
        throw verificationError(
          'TREE_TOO_LARGE',
          `commit ${commit} has more than ${maximumTreeBytes} bytes of metadata`,
        );
      }
      objects.set(`${kind} ${checksum}`, bytes);
    },
  };
}
