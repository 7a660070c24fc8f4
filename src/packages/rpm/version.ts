import { compareBytes } from '../../lib/order.ts';

/** The parts of `EPOCH:VERSION-RELEASE`. */
export interface Evr {
  /** `0` where none is written. */
  epoch: string;
  version: string;
  /** `undefined` where none is written. */
  release: string | undefined;
}

/** Splits `EPOCH:VERSION-RELEASE`; epoch and release may be missing. */
export function parseEvr(text: string): Evr {
  const [, epoch, rest = ''] = /^(?:(\d*):)?(.*)$/s.exec(text) ?? [];
  const dash = rest.lastIndexOf('-');
  return {
    epoch: epoch === undefined || epoch === '' ? '0' : epoch,
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? undefined : rest.slice(dash + 1),
  };
}

/** As lockfiles write it: an epoch of 0 is left out. */
export function formatEvr({ epoch, version, release }: Evr): string {
  const evr = release === undefined ? version : `${version}-${release}`;
  return /^0*$/.test(epoch) ? evr : `${epoch}:${evr}`;
}

/**
 * Compares two `EPOCH:VERSION-RELEASE`: negative if `a` is older, 0 if they are equal, positive if `a` is newer. One
 * without a release is older than the same with one.
 * @see https://rpm-software-management.github.io/rpm/manual/dependencies.html#versioning
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseEvr(a), parseEvr(b)];
  return (
    comparePart(left.epoch, right.epoch) ||
    comparePart(left.version, right.version) ||
    compareReleases(left.release, right.release)
  );
}

function compareReleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return comparePart(a, b);
}

/** Stretches of digits and of letters are compared in turn; what else stands between them only separates. */
function comparePart(a: string, b: string): number {
  const [left, right] = [segmentsOf(a), segmentsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareSegments(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Digits, letters, `~` and `^`. */
function segmentsOf(part: string): string[] {
  return part.match(/[0-9]+|[A-Za-z]+|[~^]/g) ?? [];
}

/** A tilde is older than everything, even the end; a caret is newer than the end and older than everything else. */
function compareSegments(a: string | undefined, b: string | undefined): number {
  const [left, right] = [rank(a), rank(b)];
  if (left !== right) return left - right;
  if (a === undefined || b === undefined) return 0;
  if (left !== ranks.digits) return compareBytes(a, b);
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return x.length - y.length || compareBytes(x, y);
}

const ranks = { tilde: 0, end: 1, caret: 2, letters: 3, digits: 4 };

function rank(segment: string | undefined): number {
  if (segment === undefined) return ranks.end;
  if (segment === '~') return ranks.tilde;
  if (segment === '^') return ranks.caret;
  return /^[0-9]/.test(segment) ? ranks.digits : ranks.letters;
}
