// https://www.rfc-editor.org/rfc/rfc1951
import type { BitWriter } from './deflate/bit-writer.ts';
import { createTokens, maximumTokens, writeBlock, writeFlush } from './deflate/block.ts';
import { distanceCode, lengthSymbol, maximumDistance, maximumMatch } from './deflate/symbols.ts';

export { maximumDistance };

/** The most that one call takes. */
export const maximumInput = 65536;
/** What the output needs, for an input that cannot be compressed. */
export const maximumOutput = maximumInput + 64;

/** Shorter matches cost about as much as their literals. */
const leastMatch = 4;
const hashBits = 15;
/** How many earlier places are looked at. */
const chainLength = 12;
/** A match of this length is taken without looking for one that begins a byte later. */
const niceLength = 64;
/** After 2 to the power of so many literals in a row, one more byte is passed over without a look, and so on. */
const skipShift = 5;

const heads = new Int32Array(1 << hashBits);
const chain = new Uint16Array(maximumInput);
const tokens = createTokens();
const { values, literalFrequencies, distanceFrequencies } = tokens;

/**
 * Compresses bytes into deflate blocks that end at a byte's border, of which none is the last: those of several inputs may
 * follow each other in one stream. The same input gives the same bytes wherever it is run.
 * @param input at most 64 KiB
 * @param output has room for {@link maximumOutput}
 * @param window how far back a match may lie, in bytes
 * @returns bytes of the output
 */
export function deflateFragment(input: Uint8Array, output: Uint8Array, window: number = maximumDistance): number {
  const writer: BitWriter = { bytes: output, at: 0, pending: 0, count: 0 };
  heads.fill(-1);
  search(input, Math.min(window, maximumDistance), writer);
  writeFlush(writer);
  return writer.at;
}

/** The most zeros that {@link deflateZeros} takes: one block's. */
export const maximumZeros = 4 << 20;

/** The same for zeros alone, without looking at them. @param output has room for a thousandth of them, and 64 bytes */
export function deflateZeros(count: number, output: Uint8Array): number {
  const writer: BitWriter = { bytes: output, at: 0, pending: 0, count: 0 };
  const zeros = new Uint8Array(Math.min(count, leastMatch));
  for (let left = count; left > 0; ) {
    // What is left at the end may be too short for a match; the first has nothing before it.
    if (left === count || left < leastMatch) {
      addLiteral(0);
      left--;
    } else {
      const length = Math.min(left, maximumMatch);
      addMatch(length, 1);
      left -= length;
    }
  }
  if (count > 0) writeBlock(writer, tokens, count <= leastMatch ? zeros : undefined);
  writeFlush(writer);
  return writer.at;
}

function search(input: Uint8Array, window: number, writer: BitWriter): void {
  const words = new DataView(input.buffer, input.byteOffset, input.length);
  const end = input.length;
  const lastStart = end - leastMatch;
  let blockStart = 0;
  let position = 0;
  let misses = 0;

  const flushIfFull = (): void => {
    if (tokens.count < maximumTokens && position < end) return;
    writeBlock(writer, tokens, input.subarray(blockStart, position));
    blockStart = position;
  };

  while (position < end) {
    const found = position > lastStart ? 0 : longestMatch(words, position, window);
    if (found === 0) {
      // Where nothing is found for long, fewer places are looked at.
      const wanted = 1 + (misses++ >> skipShift);
      const stop = Math.min(position + wanted, end, position + maximumTokens - tokens.count);
      while (position < stop) addLiteral(input[position++] as number);
      flushIfFull();
      continue;
    }
    misses = 0;
    const length = found >> 16;
    addMatch(length, (found & 0xffff) + 1);
    for (const stop = position++ + length; position < stop; position++) {
      if (position <= lastStart) remember(hashAt(words, position), position);
    }
    flushIfFull();
  }
}

/** @returns `length << 16 | distance - 1`, and 0 if there is none that is long enough */
function longestMatch(words: DataView, position: number, window: number): number {
  const end = words.byteLength;
  const hash = hashAt(words, position);
  let candidate = heads[hash] as number;
  remember(hash, position);
  let best = leastMatch - 1;
  let result = 0;
  for (let tries = chainLength; candidate >= 0 && position - candidate <= window && tries > 0; tries--) {
    if (words.getUint8(candidate + best) === words.getUint8(position + best)) {
      const length = matchLength(words, candidate, position, end);
      if (length > best) {
        best = length;
        result = (length << 16) | (position - candidate - 1);
        if (length >= niceLength || position + length === end) break;
      }
    }
    const earlier = chain[candidate] as number;
    // The first of a chain names none before it.
    if (earlier >= candidate) break;
    candidate = earlier;
  }
  return result;
}

function remember(hash: number, position: number): void {
  chain[position] = heads[hash] as number;
  heads[hash] = position;
}

function addLiteral(literal: number): void {
  literalFrequencies[literal] = (literalFrequencies[literal] as number) + 1;
  values[tokens.count++] = literal | -0x80000000;
}

function addMatch(length: number, distance: number): void {
  const symbol = lengthSymbol(length);
  literalFrequencies[symbol] = (literalFrequencies[symbol] as number) + 1;
  const code = distanceCode(distance);
  distanceFrequencies[code] = (distanceFrequencies[code] as number) + 1;
  values[tokens.count++] = (length << 16) | (distance - 1);
}

function hashAt(words: DataView, position: number): number {
  return Math.imul(words.getUint32(position, true), 0x9e3779b1) >>> (32 - hashBits);
}

function matchLength(words: DataView, earlier: number, position: number, end: number): number {
  const limit = Math.min(maximumMatch, end - position);
  let length = 0;
  while (length + 4 <= limit) {
    const difference = words.getInt32(earlier + length, true) ^ words.getInt32(position + length, true);
    // The lowest byte is the first.
    if (difference !== 0) return length + ((31 - Math.clz32(difference & -difference)) >> 3);
    length += 4;
  }
  while (length < limit && words.getUint8(earlier + length) === words.getUint8(position + length)) length++;
  return length;
}
