/** Writes bits, the lowest first, into bytes. */
export interface BitWriter {
  bytes: Uint8Array;
  /** Where the next byte goes. */
  at: number;
  pending: number;
  /** Bits in `pending`; fewer than 16 between calls. */
  count: number;
}

/** @param value has no bits above `count`, which is 16 at most */
export function writeBits(writer: BitWriter, value: number, count: number): void {
  writer.pending |= value << writer.count;
  writer.count += count;
  if (writer.count >= 16) {
    writer.bytes[writer.at++] = writer.pending;
    writer.bytes[writer.at++] = writer.pending >>> 8;
    writer.pending >>>= 16;
    writer.count -= 16;
  }
}

/** Fills the last byte with zeros. */
export function alignToByte(writer: BitWriter): void {
  for (; writer.count > 0; writer.count -= 8) {
    writer.bytes[writer.at++] = writer.pending;
    writer.pending >>>= 8;
  }
  writer.count = 0;
  writer.pending = 0;
}
