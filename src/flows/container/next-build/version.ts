import { usageError } from '../../../lib/errors.ts';

/** What an OCI tag may hold; the version becomes one: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests */
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * The next version: the prefix with its dates filled in, and the number that follows on the highest one in use. A
 * version is given once, whatever came after it: a hotfix (`13.0.9-hotfix`, `13.0.9.1`) counts as the number it fixes.
 * @param prefix `automatic-version-prefix` of the treefile, such as `13.<date:%Y%m%d>.dev`
 * @param timestamp seconds since the epoch: the build's own date, not the clock's
 * @param taken versions and other tags, of every place where this one will be
 * @throws CosaError `VERSION_INVALID` (exit 2)
 */
export function nextVersion(prefix: string, timestamp: number, taken: Iterable<string>): string {
  const filled = prefix.replace(/<date:([^>]*)>/g, (_, format: string) => formatDate(format, timestamp));
  let highest = -1;
  for (const tag of taken) {
    if (!tag.startsWith(`${filled}.`)) continue;
    // Longer numbers were not counted up to.
    const [, digits] = /^(\d{1,15})(?!\d)/.exec(tag.slice(filled.length + 1)) ?? [];
    if (digits !== undefined) highest = Math.max(highest, Number(digits));
  }
  return checkVersion(`${filled}.${highest + 1}`);
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

function formatDate(format: string, timestamp: number): string {
  const date = new Date(timestamp * 1000);
  const pad = (value: number, width = 2) => String(value).padStart(width, '0');
  const fields: Record<string, string> = {
    '%Y': pad(date.getUTCFullYear(), 4),
    '%y': pad(date.getUTCFullYear() % 100),
    '%m': pad(date.getUTCMonth() + 1),
    '%d': pad(date.getUTCDate()),
    '%H': pad(date.getUTCHours()),
    '%M': pad(date.getUTCMinutes()),
    '%S': pad(date.getUTCSeconds()),
  };
  return format.replace(/%./g, (field) => {
    const value = fields[field];
    if (value === undefined) {
      throw usageError('VERSION_INVALID', `automatic-version-prefix: unknown date field "${field}" in "${format}"`, {
        hint: `known are ${Object.keys(fields).join(' ')}`,
      });
    }
    return value;
  });
}
