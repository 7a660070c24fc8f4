import { crc32 } from 'node:zlib';
import { InvalidXzError, type LzmaOutput, lzmaDecoder } from './xz/lzma.ts';

export { InvalidXzError } from './xz/lzma.ts';

// https://tukaani.org/xz/xz-file-format.txt

const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]);
const footerMagic = 'YZ';
const streamHeaderSize = 12;
/** Bytes of a checksum, by its type's number. */
const checkSizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const crc32Check = 1;
const lzma2Filter = 0x21;

/** True for what begins as xz data does. */
export function isXz(bytes: Uint8Array): boolean {
  return magic.equals(bytes.subarray(0, magic.length));
}

/**
 * Decompresses small xz data as a whole, in this thread: one stream or more behind each other, of blocks that LZMA2 alone has
 * compressed. Of checksums, CRC-32 is verified. Zeros may follow.
 * @param limit bytes that it may expand to
 * @throws InvalidXzError
 */
export function decompressXz(data: Uint8Array, limit: number): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const output: LzmaOutput = { bytes: new Uint8Array(0), length: 0, begin: 0 };
  let at = 0;
  do {
    at = decodeStream(bytes, at, output, limit);
    while (at < bytes.length && bytes[at] === 0) at++;
  } while (isXz(bytes.subarray(at)));
  if (at < bytes.length) throw new InvalidXzError('something follows the stream');
  return Buffer.from(output.bytes.buffer, 0, output.length);
}

/** @returns where the stream ends */
function decodeStream(bytes: Buffer, begin: number, output: LzmaOutput, limit: number): number {
  const header = take(bytes, begin, streamHeaderSize);
  if (!isXz(header) || header.readUInt32LE(8) !== crc32(header.subarray(6, 8)))
    throw new InvalidXzError('its header is damaged');
  const check = header.readUInt8(7) & 0xf;
  let at = begin + streamHeaderSize;
  while (take(bytes, at, 1)[0] !== 0) {
    const from = output.length;
    const contentBegin = at + readBlockHeader(bytes, at);
    const contentEnd = decodeBlock(bytes, contentBegin, output, limit);
    at = contentEnd + ((4 - ((contentEnd - contentBegin) % 4)) % 4);
    const size = checkSizes[check] as number;
    const sum = take(bytes, at, size);
    if (check === crc32Check && sum.readUInt32LE(0) !== crc32(output.bytes.subarray(from, output.length))) {
      throw new InvalidXzError('a checksum is wrong');
    }
    at += size;
  }
  at = skipIndex(bytes, at);
  const footer = take(bytes, at, streamHeaderSize);
  if (footer.toString('latin1', 10) !== footerMagic) throw new InvalidXzError('its footer is damaged');
  return at + streamHeaderSize;
}

/** @returns bytes of the header */
function readBlockHeader(bytes: Buffer, at: number): number {
  const size = ((take(bytes, at, 1)[0] as number) + 1) * 4;
  const header = take(bytes, at, size);
  if (header.readUInt32LE(size - 4) !== crc32(header.subarray(0, size - 4))) {
    throw new InvalidXzError("a block's header is damaged");
  }
  const flags = header.readUInt8(1);
  let position = 2;
  // Sizes, compressed and not: those that the content has count.
  for (const flag of [0x40, 0x80]) if ((flags & flag) !== 0) position = readNumber(header, position).end;
  const filter = readNumber(header, position);
  if ((flags & 3) !== 0 || filter.value !== lzma2Filter) throw new InvalidXzError('a filter is used that is not known');
  return size;
}

/** Decodes the chunks of LZMA2. @returns where they end */
function decodeBlock(bytes: Buffer, begin: number, output: LzmaOutput, limit: number): number {
  const decoder = lzmaDecoder();
  output.begin = output.length;
  let properties: Properties | undefined;
  for (let at = begin; ; ) {
    const control = take(bytes, at++, 1)[0] as number;
    if (control === 0) return at;
    if (control === 1 || control >= 0xe0) output.begin = output.length;
    if (control < 0x80) {
      if (control > 2) throw new InvalidXzError('a chunk has an unknown kind');
      const size = take(bytes, at, 2).readUInt16BE(0) + 1;
      makeRoom(output, size, limit);
      output.bytes.set(take(bytes, at + 2, size), output.length);
      output.length += size;
      at += 2 + size;
      continue;
    }
    const sizes = take(bytes, at, 4);
    const count = ((control & 0x1f) << 16) + sizes.readUInt16BE(0) + 1;
    const size = sizes.readUInt16BE(2) + 1;
    at += 4;
    if (control >= 0xa0) {
      if (control >= 0xc0) properties = parseProperties(take(bytes, at++, 1)[0] as number);
      if (properties !== undefined) decoder.reset(...properties);
    }
    if (properties === undefined) throw new InvalidXzError('the first chunk has no properties');
    makeRoom(output, count, limit);
    decoder.decode(take(bytes, at, size), output, count);
    at += size;
  }
}

/** Bits of the literal's context, of its position, and of other positions. */
type Properties = [number, number, number];

function parseProperties(byte: number): Properties {
  const contextBits = byte % 9;
  const literalPositionBits = Math.floor(byte / 9) % 5;
  const positionBits = Math.floor(byte / 45);
  if (positionBits > 4 || contextBits + literalPositionBits > 4) throw new InvalidXzError('its properties are wrong');
  return [contextBits, literalPositionBits, positionBits];
}

function makeRoom(output: LzmaOutput, count: number, limit: number): void {
  const needed = output.length + count;
  if (needed > limit) throw new InvalidXzError(`it expands to more than ${limit} bytes`);
  if (needed <= output.bytes.length) return;
  const larger = new Uint8Array(Math.max(needed, 2 * output.bytes.length));
  larger.set(output.bytes.subarray(0, output.length));
  output.bytes = larger;
}

/** The index says again what was read already. @returns where it ends */
function skipIndex(bytes: Buffer, begin: number): number {
  const records = readNumber(bytes, begin + 1);
  let at = records.end;
  for (let left = 2 * records.value; left > 0; left--) at = readNumber(bytes, at).end;
  // Padded, and then a checksum.
  return at + ((4 - ((at - begin) % 4)) % 4) + 4;
}

/** A number of the format: seven bits a byte, the lowest first. */
function readNumber(bytes: Buffer, begin: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = take(bytes, begin + index, 1)[0] as number;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: begin + index + 1 };
  }
  throw new InvalidXzError('a number is too long');
}

function take(bytes: Buffer, begin: number, count: number): Buffer {
  if (begin + count > bytes.length) throw new InvalidXzError('it is cut off');
  return bytes.subarray(begin, begin + count);
}
