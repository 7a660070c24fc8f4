// The framing of zstd streams: https://www.rfc-editor.org/rfc/rfc8878#section-3.1

/** What is wrong with a stream. */
export class InvalidZstdError extends Error {}

/**
 * How far back a frame may refer, in bytes: what the `zstd` program accepts unless told otherwise. A decoder has this
 * much in memory.
 */
const maximumWindowBytes = 128 * 1024 * 1024;

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
/** What a block expands to at most, and takes in the stream. */
const maximumBlockBytes = 128 * 1024;

/** Bytes after which decompressed ones are handed on: a small input can become very much. */
export const enoughBytes = 1024 * 1024;

/** Bytes that are handed on at once, at most: the block that makes them enough is among them. */
export const decompressedBytes = enoughBytes + maximumBlockBytes;
const blockTypes = { raw: 0, rle: 1, compressed: 2 };

/** Of a frame's header with its magic number, a block's header and a checksum. */
const maximumAroundBlock = 18 + 3 + 4;

/**
 * Cuts a stream of zstd frames into parts, each at most one block with what stands before and after it in its frame. In
 * this order they are what a decoder takes, and each gives at most 128 KiB. Skippable frames are left out. Where the
 * stream is cut into chunks does not matter.
 *
 * It gives `undefined` when it needs the next chunk, which `next` must then be called with; no chunk is the end. A part is
 * good until the next one is asked for; a chunk is read before the one after it is asked for.
 * @throws InvalidZstdError for what is no zstd, is cut off, needs a dictionary, or more memory than we give
 */
export function* splitFrames(): Generator<Uint8Array | undefined, void, Uint8Array | undefined> {
  const input = reader();
  const part = partBuffer();
  let frames = 0;
  while (!(yield* input.isAtEnd())) {
    const magic = part.view(yield* part.fill(input, 4)).getUint32(0, true);
    // The low four bits are free for the writer's use.
    if ((magic & ~0xf) >>> 0 === skippableMagic) {
      yield* input.skip(part.view(yield* part.fill(input, 4)).getUint32(0, true));
      part.clear();
      continue;
    }
    if (magic !== frameMagic) throw new InvalidZstdError('something else than a frame begins');
    yield* splitFrame(input, part);
    frames++;
  }
  if (frames === 0) throw new InvalidZstdError('there is no frame');
}

/**
 * The frame that begins a buffer, whatever other bytes follow it; all of it if that is cut off.
 * @throws nothing: the decoder judges what it is
 */
export function firstFrame(bytes: Uint8Array): Uint8Array {
  const parts = splitFrames();
  let length = 0;
  try {
    parts.next();
    for (let part = parts.next(bytes).value; part; part = parts.next().value) {
      // No block begins like a frame: it would be too large. The last one may be empty, and shorter than a frame's beginning.
      const begins =
        part.length >= 4 &&
        new DataView(part.buffer, part.byteOffset, part.byteLength).getUint32(0, true) === frameMagic;
      if (begins && length > 0) return bytes.subarray(0, length);
      length += part.length;
    }
  } catch (error) {
    if (!(error instanceof InvalidZstdError)) throw error;
  }
  return length === 0 ? bytes : bytes.subarray(0, length);
}

type Reader = ReturnType<typeof reader>;
type Parts<T> = Generator<Uint8Array | undefined, T, Uint8Array | undefined>;

/** Where a part is put together, one after the other. */
function partBuffer() {
  const bytes = new Uint8Array(maximumBlockBytes + maximumAroundBlock);
  let length = 0;
  return {
    /** Appends bytes of the input. @returns those, until the part is cleared */
    *fill(input: Reader, count: number): Parts<Uint8Array> {
      const begin = length;
      length += count;
      yield* input.copy(bytes, begin, count);
      return bytes.subarray(begin, length);
    },
    view: (of: Uint8Array) => new DataView(of.buffer, of.byteOffset, of.byteLength),
    all: () => bytes.subarray(0, length),
    clear() {
      length = 0;
    },
  };
}

function* splitFrame(input: Reader, part: ReturnType<typeof partBuffer>): Parts<void> {
  const hasChecksum = yield* frameHeader(input, part);
  for (let isLast = false; !isLast; ) {
    const blockHeader = yield* part.fill(input, 3);
    const bits = littleEndian(blockHeader);
    isLast = (bits & 1) === 1;
    const type = (bits >> 1) & 3;
    const size = bits >> 3;
    if (type > blockTypes.compressed) throw new InvalidZstdError('a block has a reserved type');
    // Of an RLE block this is what it expands to; in the stream it is one byte.
    if (size > maximumBlockBytes) throw new InvalidZstdError('a block is too large');
    yield* part.fill(input, type === blockTypes.rle ? 1 : size);
    if (isLast && hasChecksum) yield* part.fill(input, 4);
    yield part.all();
    part.clear();
  }
}

/** Field sizes by the two bits of the descriptor that say them. */
const dictionaryIdBytes = [0, 1, 2, 4];
const contentSizeBytes = [0, 2, 4, 8];

/**
 * https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1
 * @returns whether a checksum follows the last block
 */
function* frameHeader(input: Reader, part: ReturnType<typeof partBuffer>): Parts<boolean> {
  const [descriptor = 0] = yield* part.fill(input, 1);
  if ((descriptor & 0x08) !== 0) throw new InvalidZstdError('a reserved bit is set');
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const window = yield* part.fill(input, isSingleSegment ? 0 : 1);
  const dictionaryId = yield* part.fill(input, dictionaryIdBytes[descriptor & 3] ?? 0);
  if (dictionaryId.some((byte) => byte !== 0)) throw new InvalidZstdError('a dictionary is needed');
  const sizeFlag = descriptor >> 6;
  const contentSize = yield* part.fill(
    input,
    sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0),
  );
  const windowBytes = isSingleSegment ? littleEndian(contentSize) : windowSize(window[0] ?? 0);
  if (windowBytes > maximumWindowBytes) {
    throw new InvalidZstdError(`a window of ${windowBytes} bytes is needed, and ${maximumWindowBytes} are allowed`);
  }
  return (descriptor & 0x04) !== 0;
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

  function* copy(target: Uint8Array, at: number, count: number): Parts<void> {
    for (let done = 0; done < count; ) {
      const piece = yield* some(count - done);
      target.set(piece, at + done);
      done += piece.length;
    }
  }

  function* skip(count: number): Parts<void> {
    for (let left = count; left > 0; ) left -= (yield* some(left)).length;
  }

  return { isAtEnd, copy, skip };
}
