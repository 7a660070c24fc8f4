/** Bytes that a class of a pattern matches: 1 at the index of each. */
export type ByteSet = Uint8Array;

/** A set of the bytes of a text, and of ranges: `[['a', 'z'], ['_', '_']]`. */
function rangesOf(...ranges: readonly (readonly [first: string, last: string])[]): ByteSet {
  const set = new Uint8Array(256);
  for (const [first, last] of ranges) set.fill(1, first.charCodeAt(0), last.charCodeAt(0) + 1);
  return set;
}

const upper = ['A', 'Z'] as const;
const lower = ['a', 'z'] as const;
const digit = ['0', '9'] as const;
const punctuation = [
  ['!', '/'],
  [':', '@'],
  ['[', '`'],
  ['{', '~'],
] as const;

// What is in each in the C locale, which libselinux compiles patterns in: https://www.pcre.org/current/doc/html/pcre2pattern.html

const word = rangesOf(upper, lower, digit, ['_', '_']);
const white = rangesOf(['\t', '\r'], [' ', ' ']);

/** Classes that a letter after a backslash stands for. */
export const escapedClasses: ReadonlyMap<string, ByteSet> = new Map([
  ['d', rangesOf(digit)],
  ['D', complement(rangesOf(digit))],
  ['s', white],
  ['S', complement(white)],
  ['w', word],
  ['W', complement(word)],
]);

/** Bytes that a letter after a backslash stands for. */
export const escapedBytes: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['e', 0x1b],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
]);

/** Classes by the names that they have between `[:` and `:]`. */
export const namedClasses: ReadonlyMap<string, ByteSet> = new Map([
  ['alnum', rangesOf(upper, lower, digit)],
  ['alpha', rangesOf(upper, lower)],
  ['ascii', rangesOf(['\0', '\x7f'])],
  ['blank', rangesOf([' ', ' '], ['\t', '\t'])],
  ['cntrl', rangesOf(['\0', '\x1f'], ['\x7f', '\x7f'])],
  ['digit', rangesOf(digit)],
  ['graph', rangesOf(['!', '~'])],
  ['lower', rangesOf(lower)],
  ['print', rangesOf([' ', '~'])],
  ['punct', rangesOf(...punctuation)],
  ['space', white],
  ['upper', rangesOf(upper)],
  ['word', word],
  ['xdigit', rangesOf(digit, ['A', 'F'], ['a', 'f'])],
]);

/** All other bytes. */
export function complement(set: ByteSet): ByteSet {
  return set.map((present) => 1 - present);
}

/** Puts the bytes of one set into another. */
export function include(into: ByteSet, set: ByteSet): void {
  for (const [byte, present] of set.entries()) if (present === 1) into[byte] = 1;
}
