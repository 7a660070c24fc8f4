// LZMA: https://www.7-zip.org/sdk.html (lzma-specification.txt)

/** What is wrong with a stream. */
export class InvalidXzError extends Error {}

/** Where decompressed bytes go, which matches refer back to. */
export interface LzmaOutput {
  bytes: Uint8Array;
  length: number;
  /** Where the dictionary begins: no match refers to what lies before. */
  begin: number;
}

export interface LzmaDecoder {
  /** Forgets what was learned. The three numbers are those of the format; at most 4 literal bits altogether. */
  reset(literalContextBits: number, literalPositionBits: number, positionBits: number): void;
  /**
   * Decodes a whole chunk.
   * @param count bytes that it gives; the output has room for them
   * @throws InvalidXzError
   */
  decode(chunk: Uint8Array, output: LzmaOutput, count: number): void;
}

const states = 12;
/** Below this state, the last symbol was a literal. */
const firstMatchState = 7;
const shortestMatch = 2;
/** The first slot of distances whose low bits are coded apart, and the first with bits of equal probability. */
const slots = { first: 4, direct: 14 } as const;

// Where each group of probabilities begins.
const isMatch = 0;
const isRepeat = isMatch + (states << 4);
const isRepeat0 = isRepeat + states;
const isRepeat1 = isRepeat0 + states;
const isRepeat2 = isRepeat1 + states;
const isLongRepeat0 = isRepeat2 + states;
const distanceSlots = isLongRepeat0 + (states << 4);
const distanceSpecial = distanceSlots + 4 * 64;
const distanceAlign = distanceSpecial + 128;
const matchLength = distanceAlign + 16;
/** Of a group for lengths: the two choices, and where each of the three trees begins. */
const lengths = { low: 2, middle: 2 + 16 * 8, high: 2 + 32 * 8, size: 2 + 32 * 8 + 256 } as const;
const repeatLength = matchLength + lengths.size;
const literals = repeatLength + lengths.size;
const literalSize = 0x300;

export function lzmaDecoder(): LzmaDecoder {
  const probabilities = new Uint16Array(literals + (literalSize << 4));
  let contextBits = 0;
  let literalMask = 0;
  let positionMask = 0;
  let state = 0;
  const repeats = [0, 0, 0, 0] as [number, number, number, number];

  let input: Uint8Array = new Uint8Array(0);
  let at = 0;
  let range = 0;
  let code = 0;

  function nextByte(): number {
    if (at >= input.length) throw new InvalidXzError('a chunk is too short');
    return input[at++] as number;
  }

  function normalize(): void {
    if (range >= 0x1000000) return;
    range = (range << 8) >>> 0;
    code = ((code << 8) | nextByte()) >>> 0;
  }

  function bit(index: number): number {
    normalize();
    const probability = probabilities[index] as number;
    const bound = (range >>> 11) * probability;
    if (code < bound) {
      range = bound;
      probabilities[index] = probability + ((2048 - probability) >> 5);
      return 0;
    }
    range -= bound;
    code -= bound;
    probabilities[index] = probability - (probability >> 5);
    return 1;
  }

  function tree(base: number, bits: number): number {
    let symbol = 1;
    for (let left = bits; left > 0; left--) symbol = (symbol << 1) | bit(base + symbol);
    return symbol - (1 << bits);
  }

  function reverseTree(base: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let index = 0; index < bits; index++) {
      const next = bit(base + symbol);
      symbol = (symbol << 1) | next;
      value |= next << index;
    }
    return value;
  }

  function directBits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) {
      normalize();
      range >>>= 1;
      const one = code >= range;
      if (one) code -= range;
      value = value * 2 + (one ? 1 : 0);
    }
    return value;
  }

  function length(base: number, positionState: number): number {
    if (bit(base) === 0) return tree(base + lengths.low + positionState * 8, 3);
    if (bit(base + 1) === 0) return 8 + tree(base + lengths.middle + positionState * 8, 3);
    return 16 + tree(base + lengths.high, 8);
  }

  function distance(matchedLength: number): number {
    const slot = tree(distanceSlots + Math.min(matchedLength, 3) * 64, 6);
    if (slot < slots.first) return slot;
    const bits = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) * 2 ** bits;
    if (slot < slots.direct) return high + reverseTree(distanceSpecial + high - slot, bits);
    return high + directBits(bits - 4) * 16 + reverseTree(distanceAlign, 4);
  }

  function literal(output: LzmaOutput): void {
    const { bytes } = output;
    const before = output.length > output.begin ? (bytes[output.length - 1] as number) : 0;
    const context = (((output.length - output.begin) & literalMask) << contextBits) + (before >> (8 - contextBits));
    const base = literals + literalSize * context;
    let symbol = 1;
    if (state >= firstMatchState) {
      let matched = bytes[output.length - repeats[0] - 1] as number;
      while (symbol < 0x100) {
        const expected = (matched >> 7) & 1;
        matched <<= 1;
        const next = bit(base + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | next;
        if (next !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | bit(base + symbol);
    bytes[output.length++] = symbol & 0xff;
    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  /** Decodes which earlier bytes come again. @returns how many, from the distance that is the first of `repeats` then */
  function match(positionState: number): number {
    const wasLiteral = state < firstMatchState;
    if (bit(isRepeat + state) === 0) {
      const value = length(matchLength, positionState);
      repeats.pop();
      repeats.unshift(distance(value));
      state = wasLiteral ? 7 : 10;
      return value + shortestMatch;
    }
    if (bit(isRepeat0 + state) === 0) {
      if (bit(isLongRepeat0 + (state << 4) + positionState) === 0) {
        state = wasLiteral ? 9 : 11;
        return 1;
      }
    } else {
      const which = bit(isRepeat1 + state) === 0 ? 1 : bit(isRepeat2 + state) === 0 ? 2 : 3;
      repeats.unshift(...(repeats.splice(which, 1) as [number]));
    }
    state = wasLiteral ? 8 : 11;
    return length(repeatLength, positionState) + shortestMatch;
  }

  return {
    reset(literalContextBits, literalPositionBits, positionBits) {
      probabilities.fill(1024);
      contextBits = literalContextBits;
      literalMask = (1 << literalPositionBits) - 1;
      positionMask = (1 << positionBits) - 1;
      state = 0;
      repeats.fill(0);
    },
    decode(chunk, output, count) {
      input = chunk;
      at = 1;
      range = 0xffffffff;
      code = 0;
      for (let index = 0; index < 4; index++) code = ((code << 8) | nextByte()) >>> 0;
      for (const end = output.length + count; output.length < end; ) {
        const positionState = (output.length - output.begin) & positionMask;
        if (bit(isMatch + (state << 4) + positionState) === 0) {
          literal(output);
          continue;
        }
        const matched = match(positionState);
        const from = output.length - repeats[0] - 1;
        if (from < output.begin) throw new InvalidXzError('a match refers to what is not there');
        if (output.length + matched > end) throw new InvalidXzError('a match passes the end of a chunk');
        // The stretches may overlap: each byte is there before it is copied.
        for (let index = 0; index < matched; index++)
          output.bytes[output.length++] = output.bytes[from + index] as number;
      }
      normalize();
      if (at !== input.length || code !== 0) throw new InvalidXzError('a chunk does not end where it says');
    },
  };
}
