import { describe, expect, it } from 'vitest';
import { closureOf } from '../../../src/packages/rpm/closure.ts';
import type { RpmPackage } from '../../../src/packages/rpm/package-file.ts';

interface Description {
  provides?: string[];
  requires?: string[];
  files?: string[];
}

function packagesOf(items: Readonly<Record<string, Description>>): RpmPackage[] {
  const dependencies = (names: readonly string[] = []) => names.map((name) => ({ name, flags: 0, version: '' }));
  return Object.entries(items).map(
    ([name, { provides = [], requires, files = [] }]) =>
      ({
        header: { name, provides: dependencies([name, ...provides]), requires: dependencies(requires) },
        files: files.map((path) => ({ path, isGhost: false })),
      }) as unknown as RpmPackage,
  );
}

function chosen(items: Readonly<Record<string, Description>>, names: readonly string[]): string[] | undefined {
  return closureOf(packagesOf(items), names)?.map(({ header }) => header.name);
}

describe('what some packages need', () => {
  it('is found by name, by what is provided, and by path, wherever /usr is merged', () => {
    const items = {
      bash: { files: ['/usr/bin/bash', '/usr/bin/sh'], requires: ['libc.so.6()(64bit)'] },
      glibc: { provides: ['libc.so.6()(64bit)'], requires: ['/sbin/ldconfig', 'glibc'] },
      'glibc-bin': { files: ['/usr/sbin/ldconfig'] },
      rpm: { requires: ['libc.so.6()(64bit)', 'config(rpm)', 'nothing-has-this'] },
      vim: { requires: ['bash'] },
    };
    expect(chosen(items, ['rpm'])).toEqual(['glibc', 'glibc-bin', 'rpm']);
    expect(chosen(items, ['rpm', '/bin/sh'])).toEqual(['bash', 'glibc', 'glibc-bin', 'rpm']);
    expect(chosen(items, ['dnf'])).toBeUndefined();
  });

  it('is every package that a rich dependency names', () => {
    const items = {
      rpm: { requires: ['(mawk or gawk)', '((coreutils(x) and sed >= 4) or (busybox if grep))'] },
      gawk: {},
      'gnu-coreutils': { provides: ['coreutils(x)'] },
      sed: {},
      busybox: {},
      emacs: {},
    };
    expect(chosen(items, ['rpm'])).toEqual(['rpm', 'gawk', 'gnu-coreutils', 'sed', 'busybox']);
  });
});
