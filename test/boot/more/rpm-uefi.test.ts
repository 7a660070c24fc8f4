import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RpmScene } from '../../integration/rpm-fixture.ts';
import { failures } from '../boot.ts';
import { bootScene, builtRpmSystem } from '../rpm-system.ts';

// The system of rpms that rpm.test.ts boots by BIOS: its shim and GRUB come out of rpms.

let scene: RpmScene;

beforeAll(async () => {
  scene = await builtRpmSystem('rpm-uefi');
});
afterAll(() => scene[Symbol.asyncDispose]());

test('it boots by UEFI', async () => {
  const report = await bootScene(scene, ['--firmware', 'uefi', 'basic.running', 'basic.firmware', 'basic.packages']);
  expect(failures(report)).toEqual([]);
});

test('it boots with Secure Boot enforced, and passes every test of a disk', async () => {
  const report = await bootScene(scene, ['--firmware', 'uefi-secure', 'basic']);
  expect(failures(report)).toEqual([]);
  expect(await readFile(report.suites[0]?.consoleLog ?? '', 'latin1')).toMatch(/[Ss]ecure ?boot enabled/);
});
