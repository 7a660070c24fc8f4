// https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1

/** One segment, whose size follows in four bytes. */
const header = [0x28, 0xb5, 0x2f, 0xfd, 0xa0];
const maximumBlock = 131_072;
/** A block's header: whether it is the last one, and that one byte is repeated. */
const [last, repeats] = [1, 1 << 1];

/** A zstd frame of zeros. */
export function zeroFrame(size: number): Buffer {
  const blocks = Math.ceil(size / maximumBlock);
  const frame = Buffer.alloc(header.length + 4 + 4 * blocks);
  frame.set(header);
  let at = frame.writeUInt32LE(size, header.length);
  for (let left = size; left > 0; left -= maximumBlock) {
    const length = Math.min(left, maximumBlock);
    at = frame.writeUIntLE((length << 3) | repeats | (left <= maximumBlock ? last : 0), at, 3) + 1;
  }
  return frame;
}
