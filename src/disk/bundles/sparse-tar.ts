// https://www.gnu.org/software/tar/manual/html_node/Standard.html: `struct sparse`, `struct oldgnu_header`.
import { encodeHeaderBlock, writeChecksum, writeNumber } from '../../lib/tar/header.ts';
import { blockSize } from '../../lib/tar/types.ts';
import type { Extent } from '../extents.ts';

const sparseFlag = 'S';
/** Where the map begins in the header, and how many stretches it holds there; the same in a block that goes on. */
const inHeader = { at: 386, count: 4, isExtendedAt: 482 };
const inExtension = { at: 0, count: 21, isExtendedAt: 504 };
const realSizeAt = 483;
const numberBytes = 12;

/**
 * What stands before the contents of a sparse file: a header with a map of its stretches, which follow without gaps.
 * @param name at most 100 bytes
 * @param size of the file with its holes
 * @param extents sorted
 */
export function sparseHeaders(name: string, size: number, extents: readonly Extent[]): Buffer {
  const last = extents.at(-1);
  // An empty stretch at the end says how long the last hole is.
  const stretches =
    last !== undefined && last.offset + last.length === size ? extents : [...extents, { offset: size, length: 0 }];
  const header = encodeHeaderBlock({
    typeFlag: sparseFlag,
    name: Buffer.from(name),
    linkName: Buffer.alloc(0),
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: extents.reduce((sum, { length }) => sum + length, 0),
    mtime: 0,
  });
  writeNumber(header, [realSizeAt, numberBytes], size);
  const blocks = [header];
  writeMap(header, inHeader, stretches.slice(0, inHeader.count));
  for (let first = inHeader.count; first < stretches.length; first += inExtension.count) {
    const before = blocks.at(-1) as Buffer;
    before.writeUInt8(1, (before === header ? inHeader : inExtension).isExtendedAt);
    const block = Buffer.alloc(blockSize);
    writeMap(block, inExtension, stretches.slice(first, first + inExtension.count));
    blocks.push(block);
  }
  writeChecksum(header);
  return Buffer.concat(blocks);
}

function writeMap(block: Buffer, { at }: { at: number }, stretches: readonly Extent[]): void {
  for (const [index, { offset, length }] of stretches.entries()) {
    writeNumber(block, [at + 2 * index * numberBytes, numberBytes], offset);
    writeNumber(block, [at + (2 * index + 1) * numberBytes, numberBytes], length);
  }
}
