import { expect, test } from 'vitest';
import { failures } from './boot.ts';
import { bootEnforcing } from './selinux.ts';

test("the example's variant with SELinux boots enforcing, and is labelled as its policy says", async () => {
  const report = await bootEnforcing('selinux', ['selinux.enforcing', 'selinux.labels', 'selinux.unlabelled']);
  expect(failures(report)).toEqual([]);
  expect(report.suites[0]?.tests.map(({ name }) => name)).toEqual(['boot', 'enforcing', 'labels', 'unlabelled']);
});
