import type { CompressedBlock } from '../../../image-threads/blocks.ts';

/** A file whose content is stored. */
export interface StoredFile {
  path: string;
  size: number;
  /** Where its first block lies. */
  begin: number;
  /** The inode's list: 32 bits a block, little-endian. */
  blocks: Buffer;
  /** Bytes of the blocks that are holes. */
  sparse: number;
}

/** Set in a block's size if it is stored as it is. */
const isStored = 1 << 24;

/** Makes the list of a content's blocks. One that is never set is a hole. */
export function blockList(size: number, blockBytes: number) {
  const blocks = Buffer.alloc(4 * Math.ceil(size / blockBytes));
  let sparse = size;
  return {
    /** @param bytes that the block takes */
    set(index: number, kind: CompressedBlock['kind'], bytes: number): void {
      blocks.writeUInt32LE(kind === 'stored' ? bytes | isStored : bytes, 4 * index);
      sparse -= Math.min(blockBytes, size - index * blockBytes);
    },
    finish: () => ({ blocks, sparse }),
  };
}
