import { usageError } from '../../../lib/errors.ts';
import { dateText } from './version-date.ts';

/** What an OCI tag may hold; the version becomes one: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests */
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** How a config counts its versions. */
export interface VersionRule {
  /** `automatic-version-prefix` of the treefile, such as `13.<date:%Y%m%d>.dev`. */
  prefix: string;
  /** `automatic-version-suffix`: the character between prefix and number. */
  suffix: string;
}

/**
 * The next version: the prefix with its dates filled in, and the number that follows on the highest one in use. Without a
 * date, the first version is the prefix alone, and the next one has the number 1; with one, numbers begin with 0. A
 * version is given once, whatever came after it: a hotfix (`13.0.9-hotfix`, `13.0.9.1`) counts as the number it fixes.
 * @param timestamp seconds since the epoch: the build's own date, not the clock's
 * @param taken versions and other tags, of every place where this one will be
 * @throws CosaError `VERSION_INVALID` (exit 2)
 */
export function nextVersion({ prefix, suffix }: VersionRule, timestamp: number, taken: Iterable<string>): string {
  const date = new Date(timestamp * 1000);
  const hasDate = datePlace.test(prefix);
  const filled = prefix.replace(new RegExp(datePlace, 'g'), (_, format: string) => dateText(format, date));
  let highest = -1;
  for (const tag of taken) {
    if (tag === filled) highest = Math.max(highest, hasDate ? -1 : 0);
    if (tag.startsWith(`${filled}${suffix}`)) highest = Math.max(highest, numberOf(tag.slice(filled.length + 1)));
  }
  return checkVersion(highest < 0 && !hasDate ? filled : `${filled}${suffix}${highest + 1}`);
}

const datePlace = /<date:([^>]*)>/;

/** The number that a text begins with: 0 where it begins with none, and for those that are too long to have been counted up to. */
function numberOf(text: string): number {
  const [, digits = '0'] = /^(\d{1,15})(?!\d)/.exec(text) ?? [];
  return Number(digits);
}

/**
 * Checks that a version can be an OCI tag.
 * @throws CosaError `VERSION_INVALID` (exit 2)
 */
export function checkVersion(version: string): string {
  if (!tagPattern.test(version)) {
    throw usageError('VERSION_INVALID', `"${version}" cannot be a version: it becomes a tag in a registry`, {
      hint: 'use letters, digits, ".", "_" and "-", at most 128, not beginning with "." or "-"',
    });
  }
  return version;
}

/**
 * Whether a version comes before another in the counting of people: numbers by their value, part by part. Where parts differ
 * that are no numbers, neither is older.
 */
export function isOlderVersion(version: string, other: string): boolean {
  const [parts, others] = [version, other].map((text) => text.split(/[._-]/)) as [string[], string[]];
  for (const [index, part] of parts.entries()) {
    const otherPart = others[index];
    if (otherPart === undefined) return false;
    if (part === otherPart) continue;
    if (!/^\d+$/.test(part) || !/^\d+$/.test(otherPart)) return false;
    const [one, two] = [BigInt(part), BigInt(otherPart)];
    if (one !== two) return one < two;
  }
  return parts.length < others.length;
}
