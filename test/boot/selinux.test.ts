import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failures } from './boot.ts';
import { bootEnforcing } from './selinux.ts';

// One boot of two kinds: whatever enforces. The guest itself says by what it was booted: basic.firmware asks it.
test("the example's variant with SELinux boots with Secure Boot, enforces both, and is labelled as its policy says", async () => {
  const labelled = ['selinux.enforcing', 'selinux.labels', 'selinux.unlabelled'];
  const booted = ['basic.running', 'basic.commit', 'basic.firmware'];
  const report = await bootEnforcing('selinux', 'uefi-secure', [...booted, ...labelled]);
  expect(failures(report)).toEqual([]);
  expect(report.suites.map(({ suite, tests }) => [suite, tests.map(({ name }) => name)])).toEqual([
    ['basic', ['boot', 'running', 'commit', 'firmware']],
    ['selinux', ['boot', 'enforcing', 'labels', 'unlabelled']],
  ]);
  expect(await readFile(report.suites[0]?.consoleLog ?? '', 'latin1')).toMatch(/[Ss]ecure ?boot enabled/);
});
