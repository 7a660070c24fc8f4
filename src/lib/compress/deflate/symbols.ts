// https://www.rfc-editor.org/rfc/rfc1951#section-3.2.5

export const literalSymbols = 286;
export const distanceSymbols = 30;
export const endOfBlock = 256;
const firstLengthSymbol = 257;

const minimumMatch = 3;
export const maximumMatch = 258;
export const maximumDistance = 32768;

/** Bits behind a length's symbol, by the symbol's number from the first of a length. */
export const lengthExtraBits = Uint8Array.of(
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  1,
  1,
  1,
  1,
  2,
  2,
  2,
  2,
  3,
  3,
  3,
  3,
  4,
  4,
  4,
  4,
  5,
  5,
  5,
  5,
  0,
);
/** Bits behind a distance's symbol. */
export const distanceExtraBits = Uint8Array.of(
  0,
  0,
  0,
  0,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  4,
  5,
  5,
  6,
  6,
  7,
  7,
  8,
  8,
  9,
  9,
  10,
  10,
  11,
  11,
  12,
  12,
  13,
  13,
);

/** The number of a length's symbol among those of lengths. */
export const lengthCodes = new Uint8Array(maximumMatch + 1);
/** The least length of each. */
export const lengthBases = new Uint16Array(lengthExtraBits.length);
/** The least distance of each symbol. */
export const distanceBases = new Uint16Array(distanceSymbols);
/** Symbols of distances up to 256, and of larger ones by 128ths: see `distanceCode`. */
const nearCodes = new Uint8Array(257);
const farCodes = new Uint8Array(maximumDistance / 128 + 1);

let length = minimumMatch;
for (const [code, extra] of lengthExtraBits.entries()) {
  // The longest has a symbol of its own.
  const base = code === lengthExtraBits.length - 1 ? maximumMatch : length;
  lengthBases[code] = base;
  lengthCodes.fill(code, base, base + 2 ** extra);
  length += 2 ** extra;
}
let distance = 1;
for (const [code, extra] of distanceExtraBits.entries()) {
  distanceBases[code] = distance;
  for (let end = distance + 2 ** extra; distance < end; distance++) {
    if (distance <= 256) nearCodes[distance] = code;
    else farCodes[(distance - 1) >> 7] = code;
  }
}

/** @param value 1 to 32768 */
export function distanceCode(value: number): number {
  return (value <= 256 ? nearCodes[value] : farCodes[(value - 1) >> 7]) as number;
}

/** The symbol of a length among literals and lengths. */
export function lengthSymbol(value: number): number {
  return firstLengthSymbol + (lengthCodes[value] as number);
}
