import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkVersion, nextVersion } from '../../../../src/flows/container/next-build/version.ts';

const noon = Date.UTC(2026, 1, 3, 12, 5, 9) / 1000;

describe('nextVersion', () => {
  it.each([
    ['13', [], '13.0'],
    ['13', ['13.0'], '13.1'],
    ['13', ['13.9'], '13.10'],
    ['13', ['12.4'], '13.0'],
    ['13.<date:%Y%m%d>.dev', [], '13.20260203.dev.0'],
    ['13.<date:%Y%m%d>.dev', ['13.20260203.dev.6'], '13.20260203.dev.7'],
    ['13.<date:%Y%m%d>.dev', ['13.20260202.dev.6'], '13.20260203.dev.0'],
    ['<date:%y-%H.%M.%S>', [], '26-12.05.09.0'],
    // Hotfixes, of whatever form.
    ['13.0', ['13.0.8', '13.0.9-hotfix'], '13.0.10'],
    ['13.0', ['13.0.8', '13.0.9.1'], '13.0.10'],
    ['13.0', ['13.0.9rc1'], '13.0.10'],
    // The prefix went back, and the previous build is of another stream.
    ['13.0', ['13.0.3', '13.1.4'], '13.0.4'],
    ['13.1', ['13.0.3', '13.1.4'], '13.1.5'],
    // What is no number is no version.
    ['13.0', ['13.0.x', '13.0.', '13.0', '13.00.7', 'stable', '13.0.99999999999999999999'], '13.0.0'],
  ])('%s beside %j is %s', (prefix, taken, expected) => {
    expect(nextVersion(prefix, noon, taken)).toBe(expected);
  });

  it('is none of those that are there, and comes after all of them', () => {
    const tag = fc.oneof(
      fc.nat(1000).map((count) => `1.${count}`),
      fc.tuple(fc.nat(1000), fc.constantFrom('-hotfix', '.1', 'a')).map(([count, end]) => `1.${count}${end}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(tag), (taken) => {
        const next = nextVersion('1', noon, taken);
        expect(taken).not.toContain(next);
        for (const other of taken.filter((name) => /^1\.\d+$/.test(name))) {
          expect(Number(next.slice(2))).toBeGreaterThan(Number(other.slice(2)));
        }
      }),
    );
  });

  it('names an unknown date field', () => {
    expect(() => nextVersion('<date:%Q>', noon, [])).toThrow(
      'automatic-version-prefix: unknown date field "%Q" in "%Q"',
    );
  });
});

it.each(['', '.1', '-1', '1:2', 'a/b', '1 2', 'x'.repeat(129)])('refuses %j as a version', (version) => {
  expect(() => checkVersion(version)).toThrow(`"${version}" cannot be a version: it becomes a tag in a registry`);
});
