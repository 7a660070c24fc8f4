// https://erofs.docs.kernel.org/en/latest/ondisk/compressed_inodes.html, "Full (legacy) compression indexes"

/** Of the filesystem. Contents are indexed by as many bytes, too: a cluster. */
export const blockBytes = 4096;

/** A file whose content is stored. */
export interface StoredFile {
  path: string;
  size: number;
  /** The index: eight bytes for each cluster. */
  index: Buffer;
  /** Blocks that its pieces take; those that it shares are not counted. */
  blocks: number;
}

const entryBytes = 8;
/** What begins in a cluster: a block that is stored as it is, or a compressed piece; or none does. */
const clusterTypes = { plain: 0, head: 1, inside: 2 };
/** Marks, where the distance to the piece's beginning would stand, the number of the piece's blocks. */
const isBlockCount = 1 << 11;

/** Makes the index of a content. */
export function clusterIndex(size: number) {
  const index = Buffer.alloc(entryBytes * Math.ceil(size / blockBytes));

  function write(cluster: number, type: number, offset: number): number {
    const at = index.writeUInt16LE(type, entryBytes * cluster);
    return index.writeUInt16LE(offset, at);
  }

  return {
    index,
    /** Blocks that are stored as they are. @param first where they lie */
    stored(position: number, length: number, first: number): void {
      for (let at = 0; at < length; at += blockBytes) {
        const cluster = (position + at) / blockBytes;
        index.writeUInt32LE(first + at / blockBytes, write(cluster, clusterTypes.plain, 0));
      }
    },
    /**
     * A compressed piece. If it ends within a cluster, which only the last one does, that cluster says where.
     * @param length more than a block
     * @param first where it lies, in so many blocks
     */
    compressed(position: number, length: number, { first, count }: { first: number; count: number }): void {
      const head = position / blockBytes;
      index.writeUInt32LE(first, write(head, clusterTypes.head, 0));
      const clusters = Math.floor(length / blockBytes);
      for (let inside = 1; inside < clusters; inside++) {
        const at = write(head + inside, clusterTypes.inside, 0);
        index.writeUInt16LE(inside === 1 ? isBlockCount | count : inside, at);
        index.writeUInt16LE(clusters - inside, at + 2);
      }
      const end = length % blockBytes;
      if (end > 0) write(head + clusters, clusterTypes.plain, end);
    },
  };
}
