import { expect, test } from 'vitest';
import { failures } from './boot.ts';
import { bootScene, builtRpmSystem } from './rpm-system.ts';

test('a system of rpms boots, is what its container says, and has the packages of its lockfile', async () => {
  await using scene = await builtRpmSystem();
  const report = await bootScene(scene, ['basic']);
  expect(failures(report)).toEqual([]);
  expect(report.suites.flatMap(({ tests }) => tests.map(({ name }) => name))).toContain('packages');
});
