/** The largest prime below 2 to the power of 16. */
const adlerBase = 65521;
/** So many bytes can be summed before a sum passes 32 bits. */
const adlerRun = 5552;

/** The checksum of a zlib stream: https://www.rfc-editor.org/rfc/rfc1950#section-8.2 */
export function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let position = 0; position < bytes.length; ) {
    for (const end = Math.min(position + adlerRun, bytes.length); position < end; position++) {
      low += bytes[position] as number;
      high += low;
    }
    low %= adlerBase;
    high %= adlerBase;
  }
  return ((high << 16) | low) >>> 0;
}

const crcPolynomial = 0xedb88320;
/** What one more byte does to a checksum, as a polynomial: x to the power of 8. */
const oneByte = 0x00800000;

/**
 * The CRC-32 of two stretches of bytes behind each other, from that of each.
 * @param count bytes of the second
 */
export function combineCrc32(first: number, second: number, count: number): number {
  return (multiply(power(oneByte, count), first) ^ second) >>> 0;
}

let powers: { exponent: number; value: number } = { exponent: 0, value: 0x80000000 };

/** The last result is kept: most stretches are of one length. */
function power(base: number, exponent: number): number {
  if (powers.exponent === exponent) return powers.value;
  let value = 0x80000000;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) value = multiply(square, value);
    square = multiply(square, square);
  }
  powers = { exponent, value };
  return value;
}

/** The product of two polynomials modulo the CRC's, in its reflected form: the highest bit is the power 0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 31; bit >= 0; bit--) {
    if (((a >>> bit) & 1) === 1) product ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ crcPolynomial : shifted >>> 1;
  }
  return product >>> 0;
}
