/** CRC-32C (Castagnoli), reflected polynomial. ext4 stores it as it is, others inverted. */
const polynomial = 0x82f63b78;

/** Bytes that one step takes. */
const stride = 8;

/** 256 values for each byte of a step: what it contributes when so many bytes follow it in the step. */
const tables = new Int32Array(stride * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  tables[byte] = value;
}
for (let index = 256; index < tables.length; index++) {
  const shorter = at(index - 256);
  tables[index] = (shorter >>> 8) ^ at(shorter & 0xff);
}

function at(index: number): number {
  return tables[index] as number;
}

/**
 * Continues a CRC-32C over more bytes.
 * @param seed the result so far; 0xffffffff to begin
 * @returns the raw register, not inverted
 */
export function crc32c(seed: number, bytes: Uint8Array): number {
  let value = seed | 0;
  let index = 0;
  for (const end = bytes.length - (bytes.length % stride); index < end; index += stride) {
    value ^= word(bytes, index);
    const next = word(bytes, index + 4);
    value =
      at(1792 + (value & 0xff)) ^
      at(1536 + ((value >>> 8) & 0xff)) ^
      at(1280 + ((value >>> 16) & 0xff)) ^
      at(1024 + (value >>> 24)) ^
      at(768 + (next & 0xff)) ^
      at(512 + ((next >>> 8) & 0xff)) ^
      at(256 + ((next >>> 16) & 0xff)) ^
      at(next >>> 24);
  }
  for (; index < bytes.length; index++) value = at((value ^ (bytes[index] as number)) & 0xff) ^ (value >>> 8);
  return value >>> 0;
}

function word(bytes: Uint8Array, index: number): number {
  return (
    (bytes[index] as number) |
    ((bytes[index + 1] as number) << 8) |
    ((bytes[index + 2] as number) << 16) |
    ((bytes[index + 3] as number) << 24)
  );
}
