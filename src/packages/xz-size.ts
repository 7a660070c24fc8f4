import type { FileHandle } from 'node:fs/promises';

/** Bytes of a stream's header, and of its footer. */
const frameBytes = 12;
/** A block of the smallest size that xz makes, 4 KiB, has a record of some bytes: enough for any package. */
const mostIndexBytes = 1 << 24;

/**
 * How many bytes xz data has when it is decompressed, as its indexes say: one stands at each stream's end.
 * @returns `undefined` if it is not xz data
 * @see https://tukaani.org/xz/xz-file-format.txt
 */
export async function uncompressedXzSize(
  handle: FileHandle,
  offset: number,
  size: number,
): Promise<number | undefined> {
  let total = 0;
  let end = offset + size;
  // Streams may follow each other, and each is found from its end.
  while (end > offset) {
    const stream = await lastStream(handle, offset, end);
    if (stream === undefined) return undefined;
    total += stream.uncompressed;
    end -= stream.size;
  }
  return end === offset && Number.isSafeInteger(total) ? total : undefined;
}

async function lastStream(
  handle: FileHandle,
  begin: number,
  end: number,
): Promise<{ size: number; uncompressed: number } | undefined> {
  if (end - begin < 2 * frameBytes) return undefined;
  const footer = await readExactly(handle, end - frameBytes, frameBytes);
  if (footer.toString('latin1', 10) !== 'YZ') return undefined;
  const indexSize = (footer.readUInt32LE(4) + 1) * 4;
  const indexBegin = end - frameBytes - indexSize;
  if (indexSize > mostIndexBytes || indexBegin < begin + frameBytes) return undefined;
  const sums = readIndex(await readExactly(handle, indexBegin, indexSize));
  if (sums === undefined) return undefined;
  const size = frameBytes + sums.blocks + indexSize + frameBytes;
  return size > end - begin ? undefined : { size, uncompressed: sums.uncompressed };
}

/** Sums over the records of an index: the bytes that the blocks take in the file, and those that they stand for. */
function readIndex(index: Buffer): { blocks: number; uncompressed: number } | undefined {
  if (index[0] !== 0) return undefined;
  let position = 1;
  const next = () => {
    let value = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = index[position++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  let blocks = 0;
  let uncompressed = 0;
  for (let count = next(); count > 0 && position < index.length; count--) {
    blocks += Math.ceil(next() / 4) * 4;
    uncompressed += next();
  }
  // A sum with something that is no number is none.
  return Number.isSafeInteger(blocks) && Number.isSafeInteger(uncompressed) ? { blocks, uncompressed } : undefined;
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
