import { compareBytes } from './order.ts';

/**
 * Compares names in which numbers count as numbers, so that `2.12-9` comes before `2.12-41`. It knows nothing of how a package
 * family orders its versions: it is for names of directories.
 * @returns negative, zero or positive, for `sort`
 */
export function compareNaturally(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const difference = comparePart(one, other);
    if (difference !== 0) return difference;
  }
  return left.length - right.length || compareBytes(a, b);
}

/** Runs of digits, and what is between them. */
function parts(text: string): string[] {
  return text.match(/\d+|\D+/g) ?? [];
}

function comparePart(a: string, b: string): number {
  if (!/^\d/.test(a) || !/^\d/.test(b)) return compareBytes(a, b);
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compareBytes(left, right);
}
