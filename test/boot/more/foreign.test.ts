import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { architectures, hostArchitecture } from '../../../src/lib/architecture.ts';
import { exitStatus } from '../../../src/lib/exit-status.ts';
import { builtWorkDirectory, cosa, cosaOk, imageOf, stream, testConfig, testWork } from '../../integration/fixture.ts';
import { type BootReport, failures } from '../boot.ts';

// The example for another architecture than this machine's: its scripts and dracut are emulated when it is built, which
// takes some ten minutes the first time, and so is the machine that boots it.

const foreign = architectures.find(({ name, hasDisks }) => hasDisks && name !== hostArchitecture().name);
if (foreign === undefined) throw new Error('there is but one architecture');
const { name, oci } = foreign;
const directory = resolve(testWork, 'foreign');

beforeAll(async () => {
  // For the copy of the example.
  await builtWorkDirectory();
  await mkdir(directory, { recursive: true });
  await cosaOk(directory, ['init', '--force', '--stream', stream, testConfig]);
  await cosaOk(directory, ['ostree', 'build', '--arch', name]);
});

test('the container says what it is for, and an unchanged build is not made again', async () => {
  expect((await imageOf(directory)).config.architecture).toBe(oci);
  const again = await cosaOk(directory, ['--json', 'ostree', 'build', '--arch', oci]);
  expect(JSON.parse(again)).toMatchObject({ unchanged: true });
});

test.each(['uefi', 'uefi-secure'])('its disk boots with %s, and is what the container promises', async (firmware) => {
  const { exitCode, stdout, stderr } = await cosa(directory, ['test', '--json', '--firmware', firmware, 'basic']);
  expect([exitStatus.ok, exitStatus.testsFailed], stderr).toContain(exitCode);
  expect(failures(JSON.parse(stdout) as BootReport)).toEqual([]);
});
