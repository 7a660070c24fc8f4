import { alignToByte, type BitWriter, writeBits } from './bit-writer.ts';
import { buildCode, createPrefixCode, type PrefixCode } from './huffman.ts';
import {
  distanceBases,
  distanceCode,
  distanceExtraBits,
  distanceSymbols,
  endOfBlock,
  lengthBases,
  lengthCodes,
  lengthExtraBits,
  literalSymbols,
} from './symbols.ts';

/** Literals and matches of one block. A match has its length above the distance; a literal has no distance. */
export interface Tokens {
  /** `length << 16 | distance - 1`, or a literal with the sign set. */
  values: Int32Array;
  count: number;
  literalFrequencies: Uint32Array;
  distanceFrequencies: Uint32Array;
}

/** Tokens of a block at most. */
export const maximumTokens = 16384;

export function createTokens(): Tokens {
  return {
    values: new Int32Array(maximumTokens),
    count: 0,
    literalFrequencies: new Uint32Array(literalSymbols),
    distanceFrequencies: new Uint32Array(distanceSymbols),
  };
}

const codeLengthSymbols = 19;
/** The order in which the lengths of the third code are sent. */
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const codeLengthExtraBits = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7];
const types = { stored: 0, dynamic: 2 };
const maximumCodeBits = 15;
const maximumStored = 65535;

const literals = createPrefixCode(literalSymbols);
const distances = createPrefixCode(distanceSymbols);
const codeLengths = createPrefixCode(codeLengthSymbols);
const codeLengthFrequencies = new Uint32Array(codeLengthSymbols);
/** The lengths of both codes, run by run: a symbol of the third code, and its extra bits above. */
const runs = new Uint16Array(literalSymbols + distanceSymbols);

/**
 * Writes one block that is not the last: with codes of its own, or stored where that is shorter. Empties the tokens.
 * @param input what the tokens stand for; without it the block is not stored
 */
export function writeBlock(writer: BitWriter, tokens: Tokens, input?: Uint8Array): void {
  const { literalFrequencies, distanceFrequencies } = tokens;
  literalFrequencies[endOfBlock] = 1;
  buildCode(literals, literalFrequencies, maximumCodeBits);
  buildCode(distances, distanceFrequencies, maximumCodeBits);
  const literalCount = used(literals, 257);
  const distanceCount = used(distances, 1);
  const runCount = countRuns(literalCount, distanceCount);
  buildCode(codeLengths, codeLengthFrequencies, 7);
  let codeLengthCount = codeLengthSymbols;
  while (codeLengthCount > 4 && codeLengths.lengths[codeLengthOrder[codeLengthCount - 1] as number] === 0) {
    codeLengthCount--;
  }
  const bits =
    3 +
    14 +
    3 * codeLengthCount +
    codeBits(codeLengths, codeLengthFrequencies, codeLengthExtraBits, 0) +
    codeBits(literals, literalFrequencies, lengthExtraBits, 257) +
    codeBits(distances, distanceFrequencies, distanceExtraBits, 0);
  if (input !== undefined && bits > storedBits(input.length)) {
    writeStored(writer, input);
  } else {
    writeBits(writer, types.dynamic << 1, 3);
    writeBits(writer, (literalCount - 257) | ((distanceCount - 1) << 5) | ((codeLengthCount - 4) << 10), 14);
    for (let index = 0; index < codeLengthCount; index++) {
      writeBits(writer, codeLengths.lengths[codeLengthOrder[index] as number] as number, 3);
    }
    for (let index = 0; index < runCount; index++) {
      const run = runs[index] as number;
      const symbol = run & 31;
      writeBits(writer, codeLengths.bits[symbol] as number, codeLengths.lengths[symbol] as number);
      writeBits(writer, run >> 5, codeLengthExtraBits[symbol] as number);
    }
    writeTokens(writer, tokens);
  }
  tokens.count = 0;
  literalFrequencies.fill(0);
  distanceFrequencies.fill(0);
}

/** An empty stored block, which ends at a byte's border: what is compressed apart can follow. */
export function writeFlush(writer: BitWriter): void {
  writeStored(writer, new Uint8Array(0));
}

function writeStored(writer: BitWriter, input: Uint8Array): void {
  let done = 0;
  do {
    const piece = input.subarray(done, done + maximumStored);
    writeBits(writer, types.stored << 1, 3);
    alignToByte(writer);
    writeBits(writer, piece.length, 16);
    writeBits(writer, piece.length ^ 0xffff, 16);
    writer.bytes.set(piece, writer.at);
    writer.at += piece.length;
    done += piece.length;
  } while (done < input.length);
}

/** An upper bound: it begins at any bit of a byte. */
function storedBits(size: number): number {
  return 8 * size + 42 * Math.max(1, Math.ceil(size / maximumStored));
}

function used({ lengths }: PrefixCode, least: number): number {
  let count = lengths.length;
  while (count > least && lengths[count - 1] === 0) count--;
  return count;
}

function codeBits({ lengths }: PrefixCode, frequencies: Uint32Array, extra: ArrayLike<number>, from: number): number {
  let bits = 0;
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const behind = symbol < from ? 0 : (extra[symbol - from] as number);
    bits += (frequencies[symbol] as number) * ((lengths[symbol] as number) + behind);
  }
  return bits;
}

/** Writes both codes' lengths as runs into `runs`, and counts their symbols. */
function countRuns(literalCount: number, distanceCount: number): number {
  codeLengthFrequencies.fill(0);
  const total = literalCount + distanceCount;
  const lengthAt = (index: number) =>
    (index < literalCount ? literals.lengths[index] : distances.lengths[index - literalCount]) as number;
  let count = 0;
  const push = (symbol: number, extra: number) => {
    codeLengthFrequencies[symbol] = (codeLengthFrequencies[symbol] as number) + 1;
    runs[count++] = symbol | (extra << 5);
  };
  for (let index = 0; index < total; ) {
    const length = lengthAt(index);
    let end = index + 1;
    while (end < total && lengthAt(end) === length) end++;
    let left = end - index;
    index = end;
    if (length === 0) {
      for (; left >= 11; left -= Math.min(left, 138)) push(18, Math.min(left, 138) - 11);
      if (left >= 3) {
        push(17, left - 3);
        left = 0;
      }
    } else {
      push(length, 0);
      left--;
      for (; left >= 3; left -= Math.min(left, 6)) push(16, Math.min(left, 6) - 3);
    }
    for (; left > 0; left--) push(length, 0);
  }
  return count;
}

/** The hottest loop after the search: the writer's fields are kept in variables. */
function writeTokens(writer: BitWriter, { values, count: tokenCount }: Tokens): void {
  const { bytes } = writer;
  let { at, pending, count } = writer;
  const { lengths: literalLengths, bits: literalBits } = literals;
  const { lengths: distanceLengths, bits: distanceBits } = distances;
  for (let index = 0; index < tokenCount; index++) {
    const token = values[index] as number;
    if (token < 0) {
      const literal = token & 0xff;
      pending |= (literalBits[literal] as number) << count;
      count += literalLengths[literal] as number;
    } else {
      const length = token >> 16;
      const code = lengthCodes[length] as number;
      pending |= (literalBits[257 + code] as number) << count;
      count += literalLengths[257 + code] as number;
      if (count >= 16) {
        bytes[at++] = pending;
        bytes[at++] = pending >>> 8;
        pending >>>= 16;
        count -= 16;
      }
      pending |= (length - (lengthBases[code] as number)) << count;
      count += lengthExtraBits[code] as number;
      if (count >= 16) {
        bytes[at++] = pending;
        bytes[at++] = pending >>> 8;
        pending >>>= 16;
        count -= 16;
      }
      const distance = (token & 0xffff) + 1;
      const far = distanceCode(distance);
      pending |= (distanceBits[far] as number) << count;
      count += distanceLengths[far] as number;
      if (count >= 16) {
        bytes[at++] = pending;
        bytes[at++] = pending >>> 8;
        pending >>>= 16;
        count -= 16;
      }
      pending |= (distance - (distanceBases[far] as number)) << count;
      count += distanceExtraBits[far] as number;
    }
    if (count >= 16) {
      bytes[at++] = pending;
      bytes[at++] = pending >>> 8;
      pending >>>= 16;
      count -= 16;
    }
  }
  Object.assign(writer, { at, pending, count });
  writeBits(writer, literals.bits[endOfBlock] as number, literals.lengths[endOfBlock] as number);
}
