import { expect, test } from 'vitest';
import type { LockedPackage, Lockfile } from '../../src/contract/lockfile.ts';
import { replaceLocked } from '../../src/packages/local-packages.ts';

function locked(name: string, version: string, architecture: string): LockedPackage {
  return { name, version, architecture, source: name, sha256: '', size: 1, repository: 'os', path: 'x' };
}

function withOverride(packages: readonly LockedPackage[], override: LockedPackage): string[] {
  const lock: Lockfile = { family: 'deb', basearch: 'x86_64', packages, repositoryTimestamp: 0 };
  const replaced = replaceLocked(lock, [{ file: '/x.deb', locked: override }]);
  return replaced.packages.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`);
}

test.each([
  [
    'the only package of its name, of whatever architecture',
    [locked('a', '1', 'amd64'), locked('b', '1', 'amd64')],
    ['a 9 all', 'b 1 amd64'],
    locked('a', '9', 'all'),
  ],
  [
    'that of its own architecture among several',
    [locked('a', '1', 'amd64'), locked('a', '1', 'i386')],
    ['a 9 amd64', 'a 1 i386'],
    locked('a', '9', 'amd64'),
  ],
  [
    'all versions of its architecture, once',
    [locked('a', '1', 'amd64'), locked('a', '2', 'amd64'), locked('b', '1', 'amd64')],
    ['a 9 amd64', 'b 1 amd64'],
    locked('a', '9', 'amd64'),
  ],
  ['nothing where its name is not locked', [locked('a', '1', 'amd64')], ['a 1 amd64'], locked('c', '9', 'amd64')],
])('an override takes the place of %s', (_, packages, result, override) => {
  expect(withOverride(packages, override)).toEqual(result);
});
