import { compareBytes } from '../../lib/order.ts';
/**
 * Compares two Debian versions: negative if `a` is older, 0 if they are equal, positive if `a` is newer.
 * @see https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  return (
    comparePart(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

function parse(version: string): { epoch: string; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Stretches of non-digits and of digits are compared in turn. */
function comparePart(a: string, b: string): number {
  const [left, right] = [stretches(a), stretches(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [textA = '', numberA = ''] = left[index] ?? [];
    const [textB = '', numberB = ''] = right[index] ?? [];
    const order = compareText(textA, textB) || compareNumber(numberA, numberB);
    if (order !== 0) return order;
  }
  return 0;
}

function stretches(part: string): [string, string][] {
  return [...part.matchAll(/(\D*)(\d*)/g)].map(([, text = '', number = '']) => [text, number]);
}

/** Letters come before other characters, and a tilde before everything, even the end. */
function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = weight(a[index]) - weight(b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function weight(character: string | undefined): number {
  if (character === '~') return -1;
  if (character === undefined) return 0;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
}

/** By value, of any length. */
function compareNumber(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length - right.length;
  return compareBytes(left, right);
}
