import { expect, it } from 'vitest';
import { formatPackageUrl } from '../../src/packages/package-url.ts';

// Examples of the specification, and what Debian's versions add.
it.each([
  [
    { type: 'deb', namespace: 'debian', name: 'attr', version: '1:2.4.47-2+b1', qualifiers: { arch: 'amd64' } },
    'pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64',
  ],
  [
    { type: 'deb', namespace: 'debian', name: 'g++', version: '4~rc1', qualifiers: { distro: 'x', arch: 'all' } },
    'pkg:deb/debian/g%2B%2B@4~rc1?arch=all&distro=x',
  ],
  [
    { type: 'oci', name: 'debian', version: 'sha256:244fd4', qualifiers: { tag: undefined } },
    'pkg:oci/debian@sha256:244fd4',
  ],
])('%j', (parts, text) => {
  expect(formatPackageUrl(parts)).toBe(text);
});
