import { expect, test } from 'vitest';
import { selinux } from '../../../src/vm/suites/selinux.ts';
import { failures } from '../boot.ts';
import { bootEnforcing } from '../selinux.ts';

test("an update of the example's variant with SELinux boots, and is labelled as the first deployment was", async () => {
  const report = await bootEnforcing('selinux-update', 'bios', ['selinux']);
  expect(failures(report)).toEqual([]);
  expect(report.suites[0]?.tests.map(({ name }) => name)).toEqual(['boot', ...selinux.tests.map(({ name }) => name)]);
});
