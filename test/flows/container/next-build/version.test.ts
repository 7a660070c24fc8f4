import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkVersion, isOlderVersion, nextVersion } from '../../../../src/flows/container/next-build/version.ts';
import { dateText } from '../../../../src/flows/container/next-build/version-date.ts';

const noon = Date.UTC(2026, 1, 3, 12, 5, 9) / 1000;

describe('nextVersion', () => {
  it.each([
    ['13', [], '13'],
    ['13', ['13'], '13.1'],
    ['13', ['13.0'], '13.1'],
    ['13', ['13.9'], '13.10'],
    ['13', ['12.4'], '13'],
    ['13.<date:%Y%m%d>.dev', [], '13.20260203.dev.0'],
    ['13.<date:%Y%m%d>.dev', ['13.20260203.dev.6'], '13.20260203.dev.7'],
    ['13.<date:%Y%m%d>.dev', ['13.20260202.dev.6'], '13.20260203.dev.0'],
    ['<date:%y-%H.%M.%S>', [], '26-12.05.09.0'],
    ['13.0<date:>', [], '13.0.0'],
    ['13.0<date:>', ['13.0', '13.0.0'], '13.0.1'],
    ['13.<date:%j>', ['13.034'], '13.034.0'],
    // Hotfixes, of whatever form.
    ['13.0', ['13.0.8', '13.0.9-hotfix'], '13.0.10'],
    ['13.0', ['13.0.8', '13.0.9.1'], '13.0.10'],
    ['13.0', ['13.0.9rc1'], '13.0.10'],
    // The prefix went back, and the previous build is of another stream.
    ['13.0', ['13.0.3', '13.1.4'], '13.0.4'],
    ['13.1', ['13.0.3', '13.1.4'], '13.1.5'],
    // What is no number is no version.
    ['13.0', ['13.00.7', 'stable'], '13.0'],
    ['13.0', ['13.0.x', '13.0.', '13.00.7', 'stable', '13.0.99999999999999999999'], '13.0.1'],
  ])('%s beside %j is %s', (prefix, taken, expected) => {
    expect(nextVersion({ prefix, suffix: '.' }, noon, taken)).toBe(expected);
  });

  it('is none of those that are there, and comes after all of them', () => {
    const tag = fc.oneof(
      fc.nat(1000).map((count) => `1.${count}`),
      fc.tuple(fc.nat(1000), fc.constantFrom('-hotfix', '.1', 'a')).map(([count, end]) => `1.${count}${end}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(tag), (taken) => {
        const next = nextVersion({ prefix: '1', suffix: '.' }, noon, taken);
        expect(taken).not.toContain(next);
        if (next === '1') return;
        for (const other of taken.filter((name) => /^1\.\d+$/.test(name))) {
          expect(Number(next.slice(2))).toBeGreaterThan(Number(other.slice(2)));
        }
      }),
    );
  });

  it('names an unknown date field', () => {
    expect(() => nextVersion({ prefix: '<date:%Q>', suffix: '.' }, noon, [])).toThrow(
      'automatic-version-prefix: unknown date field "%Q" in "%Q"',
    );
  });

  it('has another character in front of the number', () => {
    const rule = { prefix: '41.<date:%Y>', suffix: '-' };
    expect(nextVersion(rule, noon, ['41.2026-4', '41.2026.9'])).toBe('41.2026-5');
    expect(nextVersion({ prefix: '41', suffix: '-' }, noon, ['41'])).toBe('41-1');
  });
});

describe('dateText', () => {
  const at = (time: string, format: string) => dateText(format, new Date(time));

  it.each([
    ['%a %A %b %B %h', 'Wed Wednesday Mar March Mar'],
    ['%C %d %F %H %I %j %m %M %S %y %Y', '20 04 2026-03-04 15 03 063 03 07 09 26 2026'],
    ['%p%P %R %T %r', 'PMpm 15:07 15:07:09 03:07:09 PM'],
    ['%s %u %w %z %Z %%', '1772636829 3 3 +0000 UTC %'],
    ['%-d %-m %0e %^a', '4 3 04 WED'],
    ['%G-W%V-%u %g', '2026-W10-3 26'],
    ['%x %X', '03/04/26 15:07:09'],
  ])('%s', (format, expected) => {
    expect(at('2026-03-04T15:07:09Z', format)).toBe(expected);
  });

  it.each([
    ['2026-12-31T00:00:00Z', '2026 53'],
    ['2027-01-01T00:00:00Z', '2026 53'],
    ['2024-12-30T00:00:00Z', '2025 01'],
    ['2028-01-03T00:00:00Z', '2028 01'],
  ])('the ISO week of %s is %s', (time, expected) => {
    expect(at(time, '%G %V')).toBe(expected);
  });
});

it.each(['', '.1', '-1', '1:2', 'a/b', '1 2', 'x'.repeat(129)])('refuses %j as a version', (version) => {
  expect(() => checkVersion(version)).toThrow(`"${version}" cannot be a version: it becomes a tag in a registry`);
});

it.each([
  ['13.1', '13.2', true],
  ['13.2', '13.10', true],
  ['13', '13.1', true],
  ['13.1', '13', false],
  ['13.1', '13.1', false],
  ['14', '13.9', false],
  ['43.20260101.3.0', '43.20260102.3.0', true],
  ['43.20260101.20.dev3', '43.20260101.20.1', false],
  ['99999999999999999999', '100000000000000000000', true],
])('%s is older than %s: %s', (version, other, expected) => {
  expect(isOlderVersion(version, other)).toBe(expected);
});
