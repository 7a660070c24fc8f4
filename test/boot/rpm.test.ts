import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseLockfile } from '../../src/contract/lockfile.ts';
import { tryRunInSandbox } from '../../src/exec/sandbox.ts';
import { sortByBytes } from '../../src/lib/order.ts';
import { candidate, cosaOk, extractLayers, imageOf, stream } from '../integration/fixture.ts';
import { ordinaryUser } from '../integration/ordinary-user.ts';
import { changes, type RpmRepositories, type RpmScene, rpmRepositories, rpmScene } from '../integration/rpm-fixture.ts';
import { failures } from './boot.ts';
import { bootScene } from './rpm-system.ts';

// A real system of rpms, from repository to container and machine, and on to the next version. In order.

interface Build {
  unchanged: boolean;
  version: string;
  digest: string;
  layers: { total: number; new: number; reused: number };
  size: number;
  updateSize: number | null;
}

let repositories: RpmRepositories;
let scene: RpmScene;
let scratch: string;

beforeAll(async () => {
  repositories = await rpmRepositories();
  scene = await rpmScene('rpm-system', repositories);
  scratch = await mkdtemp(join(tmpdir(), 'cosa-rpm-build-'));
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

async function build(): Promise<Build> {
  return JSON.parse(await cosaOk(scene.directory, ['--json', 'ostree', 'build'])) as Build;
}

async function lockedVersions(): Promise<string[]> {
  const file = join(scene.config, 'manifest-lock.x86_64.json');
  const { packages } = parseLockfile(await readFile(file, 'utf8'), file);
  return sortByBytes(packages.map(({ name, version, architecture }) => `${name}-${version}.${architecture}`));
}

test('the packages are chosen, and locked with all that it takes to get them again', async () => {
  await cosaOk(scene.directory, ['fetch', '--update-lockfile']);
  const file = join(scene.config, 'manifest-lock.x86_64.json');
  const lock = parseLockfile(await readFile(file, 'utf8'), file);
  expect(lock).toMatchObject({ family: 'rpm', basearch: 'x86_64' });
  expect(lock.packages.find(({ name }) => name === 'less')).toMatchObject({
    architecture: 'x86_64',
    source: 'less',
    repository: 'rpm-coreos',
  });
});

test('rpm in the built system knows the packages of the lock, and no key', async () => {
  expect(await build()).toMatchObject({ unchanged: false, version: '13.0.0' });
  const root = join(scratch, 'root');
  await extractLayers(scene.directory, root);
  const format = '%{NAME}-%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}.%{ARCH}\\n';
  const query = await tryRunInSandbox({ root }, ['rpm', '--query', '--all', '--queryformat', format]);
  expect(query.exitCode, query.stderr).toBe(0);
  // Lockfiles leave an epoch of 0 out, which all these packages have.
  const installed = query.stdout.trim().replaceAll('-0:', '-').split('\n');
  expect(sortByBytes(installed)).toEqual(await lockedVersions());
});

test('an ordinary user builds the same container of them', async () => {
  await using user = await ordinaryUser('cosa-test-rpm', { examples: dirname(scene.config) });
  // Links may lead from one example to another in one repository.
  await user.run('git', ['init', '--quiet', join(user.home, 'examples')]);
  await user.cosa(['init', '--stream', stream, join(user.home, 'examples', basename(scene.config))]);
  await user.cosa(['ostree', 'build']);
  expect((await imageOf(user.work)).descriptor.digest).toBe((await imageOf(scene.directory)).descriptor.digest);
});

// more/rpm-uefi.test.ts has every test of a disk.
test('it boots, is what its container says, and has the packages of its lockfile', async () => {
  const report = await bootScene(scene, ['basic.running', 'basic.commit', 'basic.packages']);
  expect(failures(report)).toEqual([]);
  expect(report.suites.flatMap(({ tests }) => tests.map(({ name }) => name))).toEqual([
    'boot',
    'running',
    'commit',
    'packages',
  ]);
});

test('nothing has changed: nothing is done, and no repository is asked', async () => {
  const asked = scene.requests.length;
  expect(await build()).toMatchObject({ unchanged: true, version: '13.0.0' });
  expect(scene.requests.length).toBe(asked);
});

test('three updated packages make the next version, and few layers of it are new', async () => {
  const { config: before } = await imageOf(scene.directory);
  scene.serve(repositories.next);
  await cosaOk(scene.directory, ['fetch', '--update-lockfile']);
  const built = await build();
  expect(built).toMatchObject({ unchanged: false, version: '13.0.1' });
  expect(built.layers.reused).toBeGreaterThan(built.layers.total / 2);
  expect(built.updateSize).toBeLessThan(built.size / 4);
  const { config: after } = await imageOf(scene.directory);
  expect(after.rootfs.diff_ids).not.toEqual(before.rootfs.diff_ids);
  const difference = await cosaOk(scene.directory, ['diff', '13.0.0', candidate]);
  for (const [name, { revision }] of Object.entries(changes)) {
    expect(difference).toMatch(new RegExp(`${name} .*\\.${revision}$`, 'm'));
  }
});
