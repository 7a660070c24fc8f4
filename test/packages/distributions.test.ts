import { describe, expect, it } from 'vitest';
import { mirrorNamed } from '../../src/packages/deb/mirrors.ts';
import { debPackageUrl } from '../../src/packages/deb/package-url.ts';
import { distributionOf, distributions, keyringPackage } from '../../src/packages/distributions.ts';
import { rpmPackageUrl } from '../../src/packages/rpm/package-url.ts';

describe.each(distributions)('$id', ({ id, family, origin, keyring, mirrors }) => {
  it('is known by the origin of its indexes, beside whatever vendor', () => {
    expect(distributionOf([origin])?.id).toBe(id);
    expect(distributionOf(['Docker', origin])?.id).toBe(id);
  });

  it('tells which package holds its keys', () => {
    expect(keyringPackage(`${keyring.prefix}-keyring.gpg`)).toBe(keyring.package);
  });

  it('has variables that are no other distribution’s', () => {
    const others = distributions.filter((other) => other.id !== id).flatMap((other) => other.mirrors);
    for (const { name } of mirrors) expect(others.map((other) => other.name)).not.toContain(name);
    for (const { adjacent } of mirrors) {
      if (adjacent !== undefined) expect(mirrors.map(({ name }) => name)).toContain(adjacent.variable);
    }
  });

  it('names its packages', () => {
    const file = { source: 'a', sha256: 'a'.repeat(64), size: 1, repository: 'r', path: 'a.deb' };
    const locked = { name: 'a', version: '1', architecture: 'amd64', ...file };
    const packageUrl = { deb: debPackageUrl, rpm: rpmPackageUrl }[family];
    expect(packageUrl(locked, id, '24.04')).toBe(`pkg:${family}/${id}/a@1?arch=amd64&distro=${id}-24.04`);
  });
});

it('takes nobody’s repositories for a distribution’s, nor those of two', () => {
  expect(distributionOf([])).toBeUndefined();
  expect(distributionOf(['Docker'])).toBeUndefined();
  expect(distributionOf(distributions.map(({ origin }) => origin))).toBeUndefined();
  expect(keyringPackage('/config/own.gpg')).toBeUndefined();
});

it('finds an archive beside the mirror that a config names, whatever this machine has', async () => {
  expect(await mirrorNamed('mirror-security', { mirror: 'http://mirror.example.com/debian/' })).toBe(
    'http://mirror.example.com/debian-security',
  );
  expect(await mirrorNamed('no-such-variable')).toBeUndefined();
});
