import { verificationError } from '../../lib/errors.ts';
import type { MetadataSource } from './commit-tree.ts';
import type { ContentLayer } from './content-layer.ts';
import type { ContentEntry, MetadataEntry } from './layer-objects.ts';

/** Most bytes of all metadata objects: a million files have about this much. */
const maximumTreeBytes = 256 * 1024 * 1024;

/** A commit's metadata. */
export interface CommitTree extends MetadataSource {
  commit: string;
  /** What was added to the commit after it was made, such as signatures; not covered by its checksum. */
  detachedMetadata(): Buffer | undefined;
}

/** The metadata of an image's commit, held in memory, and where its contents are. */
export interface ImageTree extends CommitTree {
  /** The layers with the commit's contents, in the image's order. */
  layers: readonly ContentLayer[];
  /** Contents that no layer holds. */
  made: readonly ContentEntry[];
  /**
   * The commit that ordinary layers were put on, complete: what they hide of it comes, too, so that a machine which has it
   * needs only what is new of the next one.
   */
  below?: CommitTree | undefined;
}

/**
 * Gathers metadata objects as they are read.
 * @param commit checksum of the commit
 * @param layers those with its contents
 * @param made contents that no layer holds
 */
export function collectTree(
  commit: string,
  layers: readonly ContentLayer[],
  made: readonly ContentEntry[] = [],
): { tree: ImageTree; add(entry: Omit<MetadataEntry, 'type'>): void } {
  const objects = new Map<string, Buffer>();
  let size = 0;
  return {
    tree: {
      commit,
      layers,
      made,
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
