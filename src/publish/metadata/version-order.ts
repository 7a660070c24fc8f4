import { compareBytes } from '../../lib/order.ts';

/**
 * Compares versions as people count: numbers by their value, letters by their bytes, `~` before everything, so that `1.0~rc1`
 * comes before `1.0`. What separates parts does not count.
 * @returns negative, zero or positive, for `sort`; zero for equal texts alone
 */
export function compareVersions(a: string, b: string): number {
  const left = parts(a);
  const right = parts(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareParts(left[index], right[index]);
    if (order !== 0) return order;
  }
  return compareBytes(a, b);
}

function parts(version: string): string[] {
  return version.match(/\d+|[A-Za-z]+|~/g) ?? [];
}

function compareParts(a: string | undefined, b: string | undefined): number {
  const order = rank(a) - rank(b);
  if (order !== 0 || a === undefined || b === undefined) return order;
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  if (rank(a) === ranks.number && left.length !== right.length) return left.length - right.length;
  return compareBytes(left, right);
}

const ranks = { tilde: 0, end: 1, letters: 2, number: 3 };

function rank(part: string | undefined): number {
  if (part === undefined) return ranks.end;
  if (part === '~') return ranks.tilde;
  return /^\d/.test(part) ? ranks.number : ranks.letters;
}
