import { expect, it } from 'vitest';
import type { LockedPackage } from '../../../src/contract/lockfile.ts';
import { type PackageSet, packageChanges } from '../../../src/workspace/containers/package-changes.ts';

/** `name version [architecture]`, each. */
function packages(...lines: string[]): PackageSet {
  const items = lines.map((line): LockedPackage => {
    const [name = '', version = '', architecture = 'amd64'] = line.split(' ');
    const file = { sha256: 'a'.repeat(64), size: 1, repository: 'debian', path: `pool/${name}.deb` };
    return { name, version, architecture, source: name, ...file };
  });
  return { family: 'deb', packages: items };
}

const nothing = { added: [], removed: [], upgraded: [], downgraded: [] };

it('tells what was added, removed, upgraded and downgraded, by the family’s order of versions', () => {
  const from = packages('bash 5.2-1', 'gone 1', 'same 1', 'zlib 2');
  const to = packages('bash 5.10-1', 'new 1', 'same 1', 'zlib 1');
  expect(packageChanges(from, to)).toEqual({
    added: [{ name: 'new', version: '1' }],
    removed: [{ name: 'gone', version: '1' }],
    upgraded: [{ name: 'bash', from: '5.2-1', to: '5.10-1' }],
    downgraded: [{ name: 'zlib', from: '2', to: '1' }],
  });
});

it('compares each architecture of a name by itself', () => {
  const from = packages('libc6 2.41 amd64', 'libc6 2.41 i386');
  const to = packages('libc6 2.42 amd64', 'libc6 2.42 i386');
  expect(packageChanges(from, to).upgraded).toEqual([
    { name: 'libc6:amd64', from: '2.41', to: '2.42' },
    { name: 'libc6:i386', from: '2.41', to: '2.42' },
  ]);
  expect(packageChanges(from, packages('libc6 2.41 amd64'))).toEqual({
    ...nothing,
    removed: [{ name: 'libc6:i386', version: '2.41' }],
  });
});

it('takes a package that changes its architecture for the same one', () => {
  expect(packageChanges(packages('docs 1 all'), packages('docs 2 amd64')).upgraded).toEqual([
    { name: 'docs', from: '1', to: '2' },
  ]);
});

it('takes the next of two kernels that stand beside each other for an update of the one that goes', () => {
  const from = packages('kernel 6.1', 'kernel 6.2');
  expect(packageChanges(from, packages('kernel 6.2', 'kernel 6.3')).upgraded).toEqual([
    { name: 'kernel', from: '6.1', to: '6.3' },
  ]);
  expect(packageChanges(from, packages('kernel 6.1', 'kernel 6.2', 'kernel 6.3')).added).toEqual([
    { name: 'kernel', version: '6.3' },
  ]);
});

it('guesses no order where the family is not known, or not the same', () => {
  const from = { ...packages('bash 2'), family: undefined };
  expect(packageChanges(from, packages('bash 1')).downgraded).toEqual([]);
  expect(packageChanges(from, packages('bash 1')).upgraded).toEqual([{ name: 'bash', from: '2', to: '1' }]);
});
