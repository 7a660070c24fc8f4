import { afterAll, beforeAll, expect, test } from 'vitest';
import { architectures, hostArchitecture } from '../../../src/lib/architecture.ts';
import { cosaOk, imageOf } from '../../integration/fixture.ts';
import { type RpmScene, rpmRepositories, rpmScene } from '../../integration/rpm-fixture.ts';
import { failures } from '../boot.ts';
import { bootScene } from '../rpm-system.ts';
import { edit } from '../scene.ts';

// A system of rpms for another architecture than this machine's, of what it takes to boot, and rpm: its scripts and
// dracut are emulated when it is built, and so is the machine that boots it.

const foreign = architectures.find(({ name, hasDisks }) => hasDisks && name !== hostArchitecture().name);
if (foreign === undefined) throw new Error('there is but one architecture');
const { name, oci } = foreign;

let scene: RpmScene;

beforeAll(async () => {
  scene = await rpmScene('rpm-foreign', await rpmRepositories(name));
  await edit(`${scene.config}/manifest.yaml`, (text) => text.replace('  - manifests/containers.yaml\n', ''));
  await cosaOk(scene.directory, ['fetch', '--arch', name, '--update-lockfile']);
  await cosaOk(scene.directory, ['ostree', 'build', '--arch', name]);
});
afterAll(() => scene[Symbol.asyncDispose]());

test('the container says what it is for, and an unchanged build is not made again', async () => {
  expect((await imageOf(scene.directory)).config.architecture).toBe(oci);
  const again = await cosaOk(scene.directory, ['--json', 'ostree', 'build', '--arch', oci]);
  expect(JSON.parse(again)).toMatchObject({ unchanged: true });
});

test('its disk boots, and has the packages of its lockfile', async () => {
  const tests = ['basic.running', 'basic.firmware', 'basic.packages'];
  const report = await bootScene(scene, ['--arch', name, '--firmware', 'uefi', ...tests]);
  expect(failures(report)).toEqual([]);
});
