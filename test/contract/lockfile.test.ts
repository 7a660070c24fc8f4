import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  comparePackages,
  formatLockfile,
  type LockedPackage,
  type Lockfile,
  parseLockfile,
} from '../../src/contract/lockfile.ts';
import { readLockfile, writeLockfile } from '../../src/packages/lockfile.ts';

const lock: Lockfile = {
  family: 'deb',
  distribution: 'debian',
  basearch: 'x86_64',
  packages: [
    {
      name: 'libc6',
      version: '2.41-12+deb13u1',
      architecture: 'amd64',
      source: 'glibc',
      sha256: 'a'.repeat(64),
      size: 2850108,
      repository: 'debian',
      path: 'pool/main/g/glibc/libc6_2.41-12+deb13u1_amd64.deb',
    },
  ],
  repositoryTimestamp: 1_700_000_000,
};

/** The text of {@link lock} with one thing changed. */
function changed(change: (entry: Record<string, unknown>, all: Record<string, unknown>) => void): string {
  const all = JSON.parse(formatLockfile(lock)) as { packages: { libc6: Record<string, unknown> } };
  change(all.packages.libc6, all);
  return JSON.stringify(all);
}

function metadata(of: Record<string, unknown>): Record<string, unknown> {
  return of.metadata as Record<string, unknown>;
}

describe('parseLockfile', () => {
  test('reads what formatLockfile wrote, and the order of packages does not matter', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{0,9}$/);
    const item = fc.record({
      name,
      version: fc.stringMatching(/^([1-9]:)?[0-9][0-9a-z.+~-]{0,9}$/),
      architecture: fc.constantFrom('amd64', 'all', 'x86_64'),
      source: name,
      sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
      size: fc.nat(),
      repository: fc.constantFrom('debian', 'overrides'),
      path: fc.stringMatching(/^[a-z]{1,5}(\/[a-z]{1,5}){0,3}$/),
    });
    // Two of one name too: another architecture, or another version.
    const identity = ({ name, version, architecture }: LockedPackage) => `${name} ${version} ${architecture}`;
    const packages = fc.uniqueArray(item, { selector: identity, maxLength: 8 });
    const families = fc.constantFrom('deb', 'rpm', undefined);
    fc.assert(
      fc.property(packages, fc.nat({ max: 4_000_000_000 }), families, (unsorted, repositoryTimestamp, family) => {
        const packages = [...unsorted].sort(comparePackages);
        const sorted: Lockfile = {
          family,
          distribution: undefined,
          basearch: 'aarch64',
          packages,
          repositoryTimestamp,
        };
        const text = formatLockfile({ ...sorted, packages: unsorted });
        expect(text).toBe(formatLockfile(sorted));
        expect(parseLockfile(text, 'lock')).toEqual(sorted);
      }),
    );
  });

  test.each<[string, string, string]>([
    ['a broken file', '{', ''],
    ['a list', '[]', 'Invalid input: expected object, received array'],
    [
      'a version without architecture',
      changed((entry) => (entry.evra = '1')),
      'packages.libc6.evra: expected VERSION.ARCHITECTURE',
    ],
    [
      'a short hash',
      changed((entry) => (metadata(entry).sha256 = 'ab')),
      'packages.libc6.metadata.sha256: expected 64 hexadecimal digits',
    ],
    [
      'a path that leads out',
      changed((entry) => (metadata(entry).path = 'pool/../../x')),
      'packages.libc6.metadata.path: expected a path below the repository',
    ],
    [
      'an absolute path',
      changed((entry) => (metadata(entry).path = '/etc/shadow')),
      'packages.libc6.metadata.path: expected a path below the repository',
    ],
    [
      'a missing size',
      changed((entry) => delete metadata(entry).size),
      'packages.libc6.metadata.size: Invalid input: expected number, received undefined',
    ],
    [
      'a name that is a path',
      changed((_entry, all) => (all.packages = { '../x': {} })),
      'packages.../x: expected a package name',
    ],
    [
      'a date of another kind',
      changed((_entry, all) => (metadata(all).generated = 'today')),
      'metadata.generated: Invalid ISO datetime',
    ],
  ])('refuses %s', (_what, text, message) => {
    expect(() => parseLockfile(text, '/config/manifest-lock.x86_64.json')).toThrow(
      expect.objectContaining({
        code: 'LOCKFILE_INVALID',
        message: expect.stringContaining(`manifest-lock.x86_64.json is not a lockfile: ${message}`),
        where: expect.objectContaining({ file: '/config/manifest-lock.x86_64.json' }) as unknown,
      }),
    );
  });
});

describe('readLockfile', () => {
  const expected = { basearch: 'x86_64', family: 'deb' } as const;
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('gives what was written, and nothing where there is no file', async () => {
    const path = join(directory, 'manifest-lock.x86_64.json');
    expect(await readLockfile(path, expected)).toBeUndefined();
    await writeLockfile(path, lock);
    expect((await readLockfile(path, expected))?.lock).toEqual(lock);
  });

  test('takes one that tells no family for that of the repositories, and refuses another', async () => {
    const path = join(directory, 'manifest-lock.x86_64.json');
    await writeLockfile(path, { ...lock, family: undefined });
    expect((await readLockfile(path, expected))?.lock).toEqual(lock);
    await writeLockfile(path, { ...lock, family: 'rpm' });
    await expect(readLockfile(path, expected)).rejects.toMatchObject({
      code: 'LOCKFILE_INVALID',
      message:
        'manifest-lock.x86_64.json is not a lockfile: metadata.family: it is for rpm packages, and the repositories are of deb',
    });
  });

  test('refuses the lock of another architecture', async () => {
    const path = join(directory, 'manifest-lock.x86_64.json');
    await writeLockfile(path, { ...lock, basearch: 'aarch64' });
    await expect(readLockfile(path, expected)).rejects.toMatchObject({
      code: 'LOCKFILE_INVALID',
      message: expect.stringContaining('it is for aarch64, and x86_64 is being built'),
    });
  });
});
