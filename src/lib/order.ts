/** Code units of UTF-16 that are half of a character. */
const [firstSurrogate, lastSurrogate] = [0xd800, 0xdfff];
const surrogate = /[\ud800-\udfff]/;

/**
 * Compares texts as the bytes of their UTF-8: the same on every machine and in every locale. JavaScript's own order is
 * that of UTF-16, where what lies beyond U+FFFF comes before U+E000.
 * @returns negative, zero or positive, for `sort`
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for what comes after all that has one unit. */
function rank(unit: number): number {
  return unit >= firstSurrogate && unit <= lastSurrogate ? unit + 0x10000 : unit;
}

/** The texts in the order of {@link compareBytes}, as a new array. */
export function sortByBytes<T extends string>(texts: Iterable<T>): T[] {
  const sorted = [...texts];
  if (sorted.some((text) => surrogate.test(text))) return sorted.sort(compareBytes);
  // The engine's order is the same for these, and much faster.
  // eslint-disable-next-line @typescript-eslint/require-array-sort-compare
  return sorted.sort();
}
