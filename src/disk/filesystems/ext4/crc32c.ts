/** CRC-32C (Castagnoli), reflected polynomial, as ext4 uses it: no final inversion. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value >>> 0;
});

/**
 * Continues a CRC-32C over more bytes.
 * @param seed the result so far; 0xffffffff to begin
 * @returns the raw register, not inverted
 */
export function crc32c(seed: number, bytes: Uint8Array): number {
  let value = seed >>> 0;
  for (const byte of bytes) value = ((table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)) >>> 0;
  return value;
}
