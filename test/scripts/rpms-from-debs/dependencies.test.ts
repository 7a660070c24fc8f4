import { expect, test } from 'vitest';
import {
  conflictsAndObsoletes,
  formatVersion,
  rpmProvides,
  rpmRelations,
  rpmVersion,
} from '../../../scripts/rpms-from-debs/dependencies.ts';

test.each([
  ['2.41-12+deb13u1', '2.41-12+deb13u1'],
  ['1:2.3.4-5', '1:2.3.4-5'],
  ['13.8', '13.8-0'],
  ['1.2-rc1-3', '1.2_rc1-3'],
  ['0~git20250503.587980c-2', '0~git20250503.587980c-2'],
])('Debian version %s is the rpm version %s', (debian, rpm) => {
  expect(formatVersion(rpmVersion(debian))).toBe(rpm);
});

test.each([
  ['libc6 (>= 2.34), libfoo:any', ['libc6 >= 2.34', 'libfoo']],
  ['mawk | gawk (>= 1:5)', ['(mawk or gawk >= 1:5)']],
  // 2.41-12 is later than 2.41 in Debian; rpm compares no release that one side does not name.
  ['libc6 (>> 2.41)', ['libc6 > 2.41-0']],
  ['libc6 (<< 2.42)', ['libc6 < 2.42']],
  ['libc6 (<= 2.41)', ['libc6 <= 2.41-0']],
  ['libc-bin (= 2.41-12)', ['libc-bin = 2.41-12']],
  ['python3-minimal (= 3.13.5-1) [amd64] <!nocheck>', ['python3-minimal = 3.13.5-1']],
  ['', []],
])('the relations "%s" are %j', (field, expected) => {
  expect(rpmRelations(field)).toEqual(expected);
});

test('what is no relation is refused', () => {
  expect(() => rpmRelations('(>= 2)')).toThrow('"(>= 2)" is no relation between packages');
});

test('a package that provides and replaces another obsoletes it, and conflicts with nothing that it provides', () => {
  const fields = {
    provides: 'libssl3 (= 3.5.9-1), mail-transport-agent',
    conflicts: 'mail-transport-agent',
    breaks: 'libssl3 (<< 3.5.9-1), openssh-client (<< 1:9.4)',
    replaces: 'libssl3, mail-transport-agent',
  };
  expect(conflictsAndObsoletes(fields)).toEqual({
    obsoletes: ['libssl3 < 3.5.9-1'],
    conflicts: ['openssh-client < 1:9.4'],
  });
});

test("what is provided without a version has the package's own, so that conflicts with old versions are none with it", () => {
  expect(rpmProvides('gnupg-agent, awk (= 1.0)', rpmVersion('1:2.4-7'))).toEqual([
    'gnupg-agent = 1:2.4-7',
    'awk = 1.0',
  ]);
});
