import { sortByBytes } from '../lib/order.ts';

interface PackageUrl {
  /** `deb`, `rpm`, `oci`. */
  type: string;
  namespace?: string;
  name: string;
  version: string;
  /** Those without a value are left out. */
  qualifiers: Readonly<Record<string, string | undefined>>;
}

/** A package URL in its canonical form: https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst */
export function formatPackageUrl({ type, namespace, name, version, qualifiers }: PackageUrl): string {
  const path = [namespace, name].flatMap((part) => (part === undefined ? [] : [encode(part)])).join('/');
  const pairs = Object.entries(qualifiers).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encode(value)}`],
  );
  const query = sortByBytes(pairs).join('&');
  return `pkg:${type}/${path}@${encode(version)}${query === '' ? '' : `?${query}`}`;
}

/** As in addresses, but that a colon stays. */
function encode(part: string): string {
  return encodeURIComponent(part).replaceAll('%3A', ':');
}
