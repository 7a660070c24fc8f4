// ISO 9660 (ECMA-119, 4th edition): https://ecma-international.org/publications-and-standards/standards/ecma-119/

/** Bytes of a sector, and of a logical block. */
export const sectorBytes = 2048;

/** Sectors that so many bytes take. */
export function sectorsFor(bytes: number): number {
  return Math.ceil(bytes / sectorBytes);
}

/** A number in both byte orders (7.2.3): the little end first. */
export function bothOrders16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}

/** A number in both byte orders (7.3.3). */
export function bothOrders32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}
