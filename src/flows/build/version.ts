import { usageError } from '../../lib/errors.ts';

/** What an OCI tag may hold; the version becomes one: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests */
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * The next version after `previous`: the prefix with its dates filled in, and a counter that starts at
 * 0 and goes up while the prefix stays.
 * @param prefix `automatic-version-prefix` of the treefile, such as `13.<date:%Y%m%d>.dev`
 * @param timestamp seconds since the epoch: the build's own date, not the clock's
 * @throws CosaError `VERSION_INVALID` (exit 2)
 */
export function nextVersion(prefix: string, timestamp: number, previous: string | undefined): string {
  const filled = prefix.replace(/<date:([^>]*)>/g, (_, format: string) => formatDate(format, timestamp));
  const counter = previous?.startsWith(`${filled}.`) ? previous.slice(filled.length + 1) : '';
  const next = /^\d+$/.test(counter) ? Number(counter) + 1 : 0;
  return checkVersion(`${filled}.${next}`);
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
