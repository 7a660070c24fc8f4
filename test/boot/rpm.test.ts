import { expect, test } from 'vitest';
import { exitStatus } from '../../src/lib/exit-status.ts';
import { cosa, cosaOk } from '../integration/fixture.ts';
import { rpmRepositories, rpmScene } from '../integration/rpm-fixture.ts';
import { type BootReport, failures } from './boot.ts';

test('a system of rpms boots, is what its container says, and has the packages of its lockfile', async () => {
  await using scene = await rpmScene('rpm-system', await rpmRepositories());
  await cosaOk(scene.directory, ['fetch', '--update-lockfile']);
  await cosaOk(scene.directory, ['ostree', 'build']);
  const { exitCode, stdout, stderr } = await cosa(scene.directory, ['test', '--json', 'basic']);
  if (exitCode !== exitStatus.ok && exitCode !== exitStatus.testsFailed) throw new Error(stderr);
  const report = JSON.parse(stdout) as BootReport;
  expect(failures(report)).toEqual([]);
  expect(report.suites.flatMap(({ tests }) => tests.map(({ name }) => name))).toContain('packages');
});
