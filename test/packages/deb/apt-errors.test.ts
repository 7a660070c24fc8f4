import { describe, expect, test } from 'vitest';
import { solverError, updateError } from '../../../src/packages/deb/apt-errors.ts';

const sources = [{ repository: 'os', uris: ['http://a/debian/'], fields: [] }];

describe('solverError', () => {
  test("turns apt's table into sentences", () => {
    const output = [
      'Reading package lists...',
      'The following packages have unmet dependencies:',
      ' editor : Depends: library (>= 2) but 1.0 is to be installed',
      '          Depends: spell but it is not installable or',
      '                   aspell but it is not going to be installed',
      ' viewer : PreDepends: base but it is not installable',
      'E: Unable to correct problems, you have held broken packages.',
    ].join('\n');
    expect(solverError(output, ['spell']).message).toBe(
      [
        'no choice of versions satisfies every dependency:',
        '  editor depends on library (>= 2), but 1.0 is to be installed',
        '  editor depends on spell, but it is not installable; or aspell, but it is not going to be installed',
        '  viewer depends on base, but it is not installable',
      ].join('\n'),
    );
    expect(solverError(output, ['spell']).hint).toBe('spell stands in exclude-packages');
    expect(solverError(output, ['pell', 'view']).hint).toContain('leave out a package');
  });

  test("gives apt's own words where there is no table", () => {
    expect(solverError("E: Package 'x' has no installation candidate\n", []).message).toBe(
      "no choice of versions satisfies every dependency:\n  Package 'x' has no installation candidate",
    );
  });
});

describe('updateError', () => {
  test.each([
    [
      "W: GPG error: http://a/debian stable InRelease: signatures couldn't be verified: NO_PUBKEY 12",
      'REPOSITORY_SIGNATURE',
      4,
    ],
    ["E: The repository 'http://a/debian stable InRelease' is not signed.", 'REPOSITORY_SIGNATURE', 4],
    ['E: Failed to fetch http://a/debian/dists/stable/main/Packages  Hash Sum mismatch', 'REPOSITORY_SIGNATURE', 4],
    [
      'E: Release file for http://a/debian/dists/stable/InRelease is expired (invalid since 2d).',
      'REPOSITORY_EXPIRED',
      4,
    ],
    ["E: Failed to fetch http://a/debian/dists/stable/InRelease  Could not resolve 'a'", 'REPOSITORY_UNREACHABLE', 1],
  ])('knows "%s"', (line, code, exitStatus) => {
    const error = updateError(`Hit:1 http://b\n${line}\n`, sources);
    expect(error).toMatchObject({ code, exitStatus });
    expect(error.message).toContain('the repository "os"');
    expect(error.message).toContain(line.slice(3));
  });
});
