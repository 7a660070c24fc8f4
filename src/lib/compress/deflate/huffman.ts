// Canonical Huffman codes as deflate has them: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.2

/** A prefix code: for each symbol its length in bits, 0 for one that does not occur, and its bits in the order of sending. */
export interface PrefixCode {
  lengths: Uint8Array;
  bits: Uint16Array;
}

export function createPrefixCode(symbols: number): PrefixCode {
  return { lengths: new Uint8Array(symbols), bits: new Uint16Array(symbols) };
}

const maximumSymbols = 288;
const order = new Float64Array(maximumSymbols);
const weights = new Uint32Array(maximumSymbols);
const lengthCounts = new Uint16Array(33);

/**
 * Makes the best code for symbols of given frequencies whose lengths do not pass a limit. At least two symbols get a length, for some
 * readers do not take a code of one symbol.
 * @param limit bits; more than enough symbols fit
 */
export function buildCode(code: PrefixCode, frequencies: Uint32Array, limit: number): void {
  const { lengths } = code;
  lengths.fill(0);
  const count = sortByFrequency(frequencies);
  if (count < 2) {
    const only = count === 1 ? (order[0] as number) % 512 : 0;
    lengths[only] = 1;
    lengths[only === 0 ? 1 : 0] = 1;
  } else {
    countLengths(count);
    shorten(limit);
    let symbol = 0;
    // The rarest have the longest.
    for (let length = limit; length > 0; length--) {
      for (let left = lengthCounts[length] as number; left > 0; left--) {
        lengths[(order[symbol++] as number) % 512] = length;
      }
    }
  }
  assignBits(code, limit);
}

/** Puts the symbols that occur into `order`, the rarest first, each behind its frequency, and the frequencies into `weights`. */
function sortByFrequency(frequencies: Uint32Array): number {
  let count = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++) {
    const frequency = frequencies[symbol] as number;
    if (frequency > 0) order[count++] = frequency * 512 + symbol;
  }
  order.subarray(0, count).sort();
  for (let index = 0; index < count; index++) weights[index] = Math.floor((order[index] as number) / 512);
  return count;
}

/**
 * How many symbols have which length, in `lengthCounts`. The method works in place on sorted weights: Moffat and Katajainen, "In-place
 * calculation of minimum-redundancy codes" (1995).
 */
function countLengths(count: number): void {
  lengthCounts.fill(0);
  // First pass: weights become the parents of inner nodes.
  let leaf = 0;
  let root = 0;
  for (let next = 0; next < count - 1; next++) {
    let sum = 0;
    for (let half = 0; half < 2; half++) {
      if (leaf >= count || (root < next && (weights[root] as number) < (weights[leaf] as number))) {
        sum += weights[root] as number;
        weights[root++] = next;
      } else {
        sum += weights[leaf++] as number;
      }
    }
    weights[next] = sum;
  }
  // Second pass: depths of inner nodes.
  weights[count - 2] = 0;
  for (let node = count - 3; node >= 0; node--) weights[node] = (weights[weights[node] as number] as number) + 1;
  // Third pass: depths of leaves, by how many inner nodes each depth has.
  let available = 1;
  let depth = 0;
  for (let node = count - 2; available > 0; ) {
    let inner = 0;
    while (node >= 0 && weights[node] === depth) {
      inner++;
      node--;
    }
    lengthCounts[Math.min(depth, 32)] = (lengthCounts[Math.min(depth, 32)] as number) + available - inner;
    available = 2 * inner;
    depth++;
  }
}

/** Moves symbols that are too deep up to the limit, and others down until the code is complete again. */
function shorten(limit: number): void {
  for (let length = 32; length > limit; length--) {
    lengthCounts[limit] = (lengthCounts[limit] as number) + (lengthCounts[length] as number);
    lengthCounts[length] = 0;
  }
  let total = 0;
  for (let length = limit; length > 0; length--) total += (lengthCounts[length] as number) << (limit - length);
  while (total > 1 << limit) {
    let length = limit - 1;
    while (lengthCounts[length] === 0) length--;
    // One leaf becomes a node with two, one of which was at the limit.
    lengthCounts[length] = (lengthCounts[length] as number) - 1;
    lengthCounts[length + 1] = (lengthCounts[length + 1] as number) + 2;
    lengthCounts[limit] = (lengthCounts[limit] as number) - 1;
    total--;
  }
}

const nextCode = new Uint32Array(17);

/** Codes of one length follow each other in the order of the symbols; they are sent with the first bit lowest. */
function assignBits({ lengths, bits }: PrefixCode, limit: number): void {
  nextCode.fill(0);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number;
    if (length > 0) nextCode[length + 1] = (nextCode[length + 1] as number) + 1;
  }
  for (let length = 1; length <= limit; length++) {
    nextCode[length] = ((nextCode[length - 1] as number) + (nextCode[length] as number)) << 1;
  }
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number;
    if (length === 0) continue;
    const value = nextCode[length] as number;
    nextCode[length] = value + 1;
    bits[symbol] = reversed(value, length);
  }
}

function reversed(value: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((value >> bit) & 1) << (length - 1 - bit);
  return result;
}
