import { adler32 } from '../../lib/checksums.ts';
import { deflateFragment, maximumInput, maximumOutput } from '../../lib/compress/deflate.ts';
import type { BlockCompression } from './block-compression.ts';
import { zstdFrames } from './zstd-frame.ts';

/** What becomes of bytes that are compressed in blocks. */
export interface BlockForm {
  /** Bytes of each, but of the last, which may be shorter. */
  blockBytes: number;
  /** What a block takes is counted in units of so many bytes: only a form that takes fewer is used. */
  unitBytes: number;
  compression: BlockCompression;
}

/** Asks for the compressed forms of blocks that lie behind each other. */
export interface BlocksRequest extends BlockForm {
  kind: 'blocks';
  bytes: Uint8Array<SharedArrayBuffer>;
  /** For the compressed forms, which lie behind each other in it: as long as the bytes. */
  place: Uint8Array<SharedArrayBuffer>;
}

/** A block's compressed form; its own bytes, if that would not take less; or nothing, if they are all zeros. */
export interface CompressedBlock {
  kind: 'zeros' | 'stored' | 'compressed';
  bytes: Uint8Array<SharedArrayBuffer>;
}

export interface BlocksAnswer {
  /** What is in the place, and how many bytes of it. */
  blocks: { kind: CompressedBlock['kind']; length: number }[];
}

export async function compressedBlocks(request: BlocksRequest): Promise<BlocksAnswer> {
  const { bytes, place, blockBytes, unitBytes, compression } = request;
  const compress = await compressorOf(compression);
  const units = ({ length }: Uint8Array) => Math.ceil(length / unitBytes);
  const blocks: BlocksAnswer['blocks'] = [];
  let end = 0;

  function keep(kind: CompressedBlock['kind'], content: Uint8Array): void {
    place.set(content, end);
    end += content.length;
    blocks.push({ kind, length: content.length });
  }

  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    if (isZero(block)) {
      blocks.push({ kind: 'zeros', length: 0 });
      continue;
    }
    const compressed = compress(block);
    if (units(compressed) < units(block)) keep('compressed', compressed);
    else keep('stored', block);
  }
  return { blocks };
}

async function compressorOf(compression: BlockCompression): Promise<(block: Uint8Array) => Uint8Array> {
  if (compression.kind === 'zlib') return zlibStream;
  const frame = await zstdFrames(compression.level);
  return (block) => frame(block, compression.level);
}

const zeros = Buffer.alloc(1 << 20);

function isZero(block: Uint8Array): boolean {
  for (let at = 0; at < block.length; at += zeros.length) {
    const piece = block.subarray(at, at + zeros.length);
    if (!zeros.subarray(0, piece.length).equals(piece)) return false;
  }
  return true;
}

/** https://www.rfc-editor.org/rfc/rfc1950: a window of 32 KiB, and the default level, which nobody reads. */
const zlibHeader = [0x78, 0x9c];
/** Ends a stream of deflate blocks: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.3, empty and with fixed codes. */
const lastDeflateBlock = [0x03, 0x00];

function zlibStream(block: Uint8Array): Uint8Array {
  const output = Buffer.allocUnsafe(
    zlibHeader.length + Math.ceil(block.length / maximumInput) * maximumOutput + lastDeflateBlock.length + 4,
  );
  output.set(zlibHeader);
  let end = zlibHeader.length;
  for (let at = 0; at < block.length; at += maximumInput) {
    const piece = block.subarray(at, at + maximumInput);
    end += deflateFragment(piece, output.subarray(end, end + maximumOutput));
  }
  output.set(lastDeflateBlock, end);
  return output.subarray(0, output.writeUInt32BE(adler32(block), end + lastDeflateBlock.length));
}
