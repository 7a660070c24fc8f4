import type { ByteString } from '../tree.ts';

// https://docs.kernel.org/filesystems/ext4/directory.html#hash-tree-directories: "half MD4", three rounds of MD4 over 32
// bytes at a time, of which the second word is the hash.

const [secondRound, thirdRound] = [0x5a827999, 0x6ed9eba1];
const wordsPerStep = 8;

/** Which word of the input each step of a round takes, and the shifts of four steps. */
const rounds = [
  { order: [0, 1, 2, 3, 4, 5, 6, 7], shifts: [3, 7, 11, 19], constant: 0, mix: choose },
  { order: [1, 3, 5, 7, 0, 2, 4, 6], shifts: [3, 5, 9, 13], constant: secondRound, mix: majority },
  { order: [3, 7, 2, 6, 1, 5, 0, 4], shifts: [3, 9, 11, 15], constant: thirdRound, mix: parity },
] as const;

function choose(x: number, y: number, z: number): number {
  return z ^ (x & (y ^ z));
}
function majority(x: number, y: number, z: number): number {
  return (x & y) + ((x ^ y) & z);
}
function parity(x: number, y: number, z: number): number {
  return x ^ y ^ z;
}

/** The kernel keeps this value for the end of a directory. */
const endOfDirectory = 0xfffffffe;

export interface NameHash {
  /** Even. */
  major: number;
  /** Orders names of the same hash. */
  minor: number;
}

/** @param seed 16 bytes, of the superblock */
export function nameHasher(seed: Uint8Array): (name: ByteString) => NameHash {
  const words = Buffer.from(seed);
  const start = Int32Array.from([0, 4, 8, 12], (at) => words.readInt32LE(at));
  const state = new Int32Array(4);
  const input = new Int32Array(wordsPerStep);
  return (name) => {
    state.set(start);
    for (let begin = 0; begin < name.length; begin += wordsPerStep * 4) {
      fillInput(input, name, begin);
      transform(state, input);
    }
    const major = ((state[1] as number) & ~1) >>> 0;
    return { major: major === endOfDirectory ? endOfDirectory - 2 : major, minor: (state[2] as number) >>> 0 };
  };
}

/** Packs characters, as signed ones, into words; what is lacking is filled with the length that is left. */
function fillInput(input: Int32Array, name: ByteString, begin: number): void {
  const length = name.length - begin;
  const filler = Math.imul(length & 0xff, 0x01010101);
  for (let word = 0; word < wordsPerStep; word++) {
    let value = filler;
    const end = Math.min(length, word * 4 + 4);
    for (let at = word * 4; at < end; at++) {
      const signed = (name.charCodeAt(begin + at) << 24) >> 24;
      value = (signed + (value << 8)) | 0;
    }
    input[word] = value;
  }
}

function transform(state: Int32Array, input: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (const { order, shifts, constant, mix } of rounds) {
    for (let step = 0; step < wordsPerStep; step++) {
      const sum = (a + mix(b, c, d) + (input[order[step] as number] as number) + constant) | 0;
      const shift = shifts[step % 4] as number;
      const turned = (sum << shift) | (sum >>> (32 - shift));
      a = d;
      d = c;
      c = b;
      b = turned;
    }
  }
  state[0] = ((state[0] as number) + a) | 0;
  state[1] = ((state[1] as number) + b) | 0;
  state[2] = ((state[2] as number) + c) | 0;
  state[3] = ((state[3] as number) + d) | 0;
}
