import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkVersion, nextVersion } from '../../../src/flows/build/version.ts';

const noon = Date.UTC(2026, 1, 3, 12, 5, 9) / 1000;

describe('nextVersion', () => {
  it.each([
    ['13', undefined, '13.0'],
    ['13', '13.0', '13.1'],
    ['13', '13.9', '13.10'],
    ['13', '12.4', '13.0'],
    ['13', '13.4.dev', '13.0'],
    ['13.<date:%Y%m%d>.dev', undefined, '13.20260203.dev.0'],
    ['13.<date:%Y%m%d>.dev', '13.20260203.dev.6', '13.20260203.dev.7'],
    ['13.<date:%Y%m%d>.dev', '13.20260202.dev.6', '13.20260203.dev.0'],
    ['<date:%y-%H.%M.%S>', undefined, '26-12.05.09.0'],
  ])('%s after %s is %s', (prefix, previous, expected) => {
    expect(nextVersion(prefix, noon, previous)).toBe(expected);
  });

  it('counts up by one, always', () => {
    fc.assert(
      fc.property(fc.nat(), (count) => {
        expect(nextVersion('1', noon, `1.${count}`)).toBe(`1.${count + 1}`);
      }),
    );
  });

  it('names an unknown date field', () => {
    expect(() => nextVersion('<date:%Q>', noon, undefined)).toThrow(
      'automatic-version-prefix: unknown date field "%Q" in "%Q"',
    );
  });
});

it.each(['', '.1', '-1', '1:2', 'a/b', '1 2', 'x'.repeat(129)])('refuses %j as a version', (version) => {
  expect(() => checkVersion(version)).toThrow(`"${version}" cannot be a version: it becomes a tag in a registry`);
});
