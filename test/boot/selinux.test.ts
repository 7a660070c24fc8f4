import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failures } from './boot.ts';
import { bootEnforcing } from './selinux.ts';

// One boot of two kinds: whatever enforces. A suite has a boot of its own, so it is only one.
test("the example's variant with SELinux boots with Secure Boot, enforces both, and is labelled as its policy says", async () => {
  const patterns = ['selinux.enforcing', 'selinux.labels', 'selinux.unlabelled'];
  const report = await bootEnforcing('selinux', 'uefi-secure', patterns);
  expect(failures(report)).toEqual([]);
  const [suite] = report.suites;
  expect(suite?.firmware).toBe('uefi-secure');
  expect(suite?.tests.map(({ name }) => name)).toEqual(['boot', 'enforcing', 'labels', 'unlabelled']);
  expect(await readFile(suite?.consoleLog ?? '', 'latin1')).toMatch(/[Ss]ecure ?boot enabled/);
});
