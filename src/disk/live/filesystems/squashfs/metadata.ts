/** What a block of a table holds. */
const blockBytes = 8192;
const headerBytes = 2;
/** Set in a block's header if it is stored as it is. */
const isStored = 0x8000;

/** Where something lies in a table: its block, in bytes from the table's beginning, and where in what the block holds. */
export interface MetadataPlace {
  block: number;
  offset: number;
}

/** @param position in what the table holds, in bytes */
export function metadataPlace(position: number): MetadataPlace {
  const block = Math.floor(position / blockBytes) * (headerBytes + blockBytes);
  return { block, offset: position % blockBytes };
}

/** A table in its blocks, each of which has a header and is stored as it is. */
export function metadataBlocks(content: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; at += blockBytes) {
    const block = content.subarray(at, at + blockBytes);
    const header = Buffer.alloc(headerBytes);
    header.writeUInt16LE(block.length | isStored);
    blocks.push(header, block);
  }
  return Buffer.concat(blocks);
}
