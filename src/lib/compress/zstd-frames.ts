// The framing of zstd streams: https://www.rfc-editor.org/rfc/rfc8878#section-3.1

import { concatenated } from './bytes.ts';

/** What is wrong with a stream. */
export class InvalidZstdError extends Error {}

/**
 * How far back a frame may refer, in bytes: what the `zstd` program accepts unless told otherwise. A decoder has this
 * much in memory.
 */
const maximumWindowBytes = 128 * 1024 * 1024;

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const maximumBlockBytes = 128 * 1024;
const blockTypes = { raw: 0, rle: 1, compressed: 2 };

/**
 * Cuts a stream of zstd frames into parts, each at most one block with what stands before and after it in its frame. In
 * this order they are what a decoder takes, and each gives at most 128 KiB. Skippable frames are left out. Where the
 * stream is cut into chunks does not matter.
 *
 * It gives `undefined` when it needs the next chunk, which `next` must then be called with; no chunk is the end.
 * @throws InvalidZstdError for what is no zstd, is cut off, needs a dictionary, or more memory than we give
 */
export function* splitFrames(): Generator<Uint8Array | undefined, void, Uint8Array | undefined> {
  const input = reader();
  let frames = 0;
  while (!(yield* input.isAtEnd())) {
    const magic = yield* input.take(4);
    const number = view(magic).getUint32(0, true);
    // The low four bits are free for the writer's use.
    if ((number & ~0xf) >>> 0 === skippableMagic) {
      yield* input.skip(view(yield* input.take(4)).getUint32(0, true));
      continue;
    }
    if (number !== frameMagic) throw new InvalidZstdError('something else than a frame begins');
    yield* splitFrame(input, magic);
    frames++;
  }
  if (frames === 0) throw new InvalidZstdError('there is no frame');
}

type Reader = ReturnType<typeof reader>;
type Parts<T> = Generator<Uint8Array | undefined, T, Uint8Array | undefined>;

function* splitFrame(input: Reader, magic: Uint8Array): Parts<void> {
  const header = yield* frameHeader(input);
  let before = [magic, ...header.bytes];
  for (let isLast = false; !isLast; ) {
    const blockHeader = yield* input.take(3);
    const bits = view(blockHeader).getUint16(0, true) | ((blockHeader[2] ?? 0) << 16);
    isLast = (bits & 1) === 1;
    const type = (bits >> 1) & 3;
    const size = bits >> 3;
    if (type > blockTypes.compressed) throw new InvalidZstdError('a block has a reserved type');
    // Of an RLE block this is what it expands to; in the stream it is one byte.
    if (size > maximumBlockBytes) throw new InvalidZstdError('a block is too large');
    const content = yield* input.take(type === blockTypes.rle ? 1 : size);
    const checksum = isLast && header.hasChecksum ? [yield* input.take(4)] : [];
    yield concatenated([...before, blockHeader, content, ...checksum]);
    before = [];
  }
}

/** Field sizes by the two bits of the descriptor that say them. */
const dictionaryIdBytes = [0, 1, 2, 4];
const contentSizeBytes = [0, 2, 4, 8];

/** https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1 */
function* frameHeader(input: Reader): Parts<{ bytes: Uint8Array[]; hasChecksum: boolean }> {
  const descriptorBytes = yield* input.take(1);
  const descriptor = descriptorBytes[0] ?? 0;
  if ((descriptor & 0x08) !== 0) throw new InvalidZstdError('a reserved bit is set');
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const window = yield* input.take(isSingleSegment ? 0 : 1);
  const dictionaryId = yield* input.take(dictionaryIdBytes[descriptor & 3] ?? 0);
  if (dictionaryId.some((byte) => byte !== 0)) throw new InvalidZstdError('a dictionary is needed');
  const sizeFlag = descriptor >> 6;
  const contentSize = yield* input.take(sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0));
  const windowBytes = isSingleSegment ? littleEndian(contentSize) : windowSize(window[0] ?? 0);
  if (windowBytes > maximumWindowBytes) {
    throw new InvalidZstdError(`a window of ${windowBytes} bytes is needed, and ${maximumWindowBytes} are allowed`);
  }
  return {
    bytes: [descriptorBytes, window, dictionaryId, contentSize],
    hasChecksum: (descriptor & 0x04) !== 0,
  };
}

/** https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2 */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

/** Takes bytes from chunks, however these are cut. */
function reader() {
  let chunk: Uint8Array = new Uint8Array(0);

  /** Gets the next chunk that is not empty; false at the end. */
  function* isThereMore(): Parts<boolean> {
    while (chunk.length === 0) {
      const next = yield undefined;
      if (next === undefined) return false;
      chunk = next;
    }
    return true;
  }

  function* isAtEnd(): Parts<boolean> {
    return !(yield* isThereMore());
  }

  /** As much as there is in one chunk, up to `count` bytes. */
  function* some(count: number): Parts<Uint8Array> {
    if (!(yield* isThereMore())) throw new InvalidZstdError('it is cut off');
    const taken = chunk.subarray(0, count);
    chunk = chunk.subarray(taken.length);
    return taken;
  }

  function* take(count: number): Parts<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      const piece = yield* some(left);
      left -= piece.length;
      pieces.push(piece);
    }
    return pieces.length === 1 ? (pieces[0] as Uint8Array) : concatenated(pieces);
  }

  function* skip(count: number): Parts<void> {
    for (let left = count; left > 0; ) left -= (yield* some(left)).length;
  }

  return { isAtEnd, take, skip };
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
