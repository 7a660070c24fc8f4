import { readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { run, start, tryRun } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import type { Image } from '../../src/oci/image.ts';
import { asHost, debianRoot, type Suite } from '../helpers/debian-root.ts';
import {
  builtWorkDirectory,
  candidate,
  checkout,
  cosa,
  cosaOk,
  freshWorkDirectory,
  imageOf,
  program,
  warmCache,
} from './fixture.ts';

// One work directory, and its next version: built over interruptions from what the cache has, and from nothing on another
// host. In order.

let work: string;
let directory: string;
let config: string;
let first: Image;
beforeAll(async () => {
  work = await builtWorkDirectory();
  ({ directory, config } = await freshWorkDirectory('next', work));
});

it('two builds at once in one work directory lose nothing, and both finish', async () => {
  const both = await Promise.all([cosa(directory, ['ostree', 'build']), cosa(directory, ['ostree', 'build'])]);
  expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(both.filter(({ stdout }) => stdout.includes('up to date'))).toHaveLength(1);
  first = await imageOf(directory);
  expect(first.descriptor.digest).toBe((await imageOf(work)).descriptor.digest);
  await cosaOk(directory, ['fsck']);
});

it('a build says that nothing has changed, and writes nothing', async () => {
  const index = await readFile(`${directory}/oci/index.json`, 'utf8');
  const result = JSON.parse(await cosaOk(directory, ['--json', 'ostree', 'build'])) as { unchanged: boolean };
  expect(result.unchanged).toBe(true);
  expect(await readFile(`${directory}/oci/index.json`, 'utf8')).toBe(index);
});

it('a build that is killed with SIGKILL after one step, and then after the next, leaves the last version', async () => {
  await mkdir(resolve(config, 'overlay.d/05core/etc'), { recursive: true });
  await writeFile(resolve(config, 'overlay.d/05core/etc/example.conf'), 'changed\n');
  // Each is the line of a step before or in which the process ends.
  for (const step of ['copy root', 'assemble root', 'compute commit', 'write layers']) {
    await buildUntil(step);
    await cosaOk(directory, ['fsck']);
    expect((await imageOf(directory)).descriptor.digest).toBe(first.descriptor.digest);
  }
});

it('the one that is left alone writes few layers anew, for one overlay file has changed, and counts the version up', async () => {
  const result = JSON.parse(await cosaOk(directory, ['--json', 'ostree', 'build'])) as {
    version: string;
    layers: { total: number; new: number };
    updateSize: number;
  };
  expect(result.version).not.toBe(versionOf(first));
  // The overlay's own layer, and layer 0 with commit and directory objects.
  expect(result.layers.new).toBeLessThanOrEqual(3);
  const total = first.manifest.layers.reduce((sum, { size }) => sum + size, 0);
  expect(result.updateSize).toBeLessThan(total / 10);
  expect(await cosaOk(directory, ['list'])).toContain(candidate);
  await cosaOk(directory, ['fsck']);
});

// The same config and lockfile on hosts with other versions of every tool, and of Node.js and its zlib.

/** The built program and what it works on; not the checkout, whose git directory may lie elsewhere. */
const shared = ['bin', 'dist', 'package.json', 'node_modules', '.test-work'].map((name) => resolve(checkout, name));

/** What `cosa ostree build` calls. */
const needed = ['apt-get', 'bwrap', 'cp', 'flock', 'getfattr', 'git', 'unshare', 'newuidmap', 'xz'];
const packages = Object.values(tools)
  .filter(({ name }) => needed.includes(name))
  .map((tool) => tool.packages.deb);

/** Debians that this machine is not. */
const osRelease = readFileSync('/etc/os-release', 'utf8');
const others = (['bookworm', 'trixie'] as const).filter((suite) => !osRelease.includes(`VERSION_CODENAME=${suite}`));

it.each<Suite>(others)(
  'a host with Debian %s, which starts from nothing, gets the same container digest',
  async (suite) => {
    const next = await imageOf(directory);
    // Packages alone are left: roots, the initramfs and the layers are made anew by that host.
    await rm(join(directory, 'cache'), { recursive: true });
    await warmCache(work, directory, ['packages']);
    const host = await makeHost(suite);
    const again = ['--force', '--version', versionOf(next), '--previous', versionOf(first)];
    const command = [resolve(checkout, 'bin/cosa'), '-C', directory, 'ostree', 'build', ...again];
    const build = asHost(host, command, {
      directory,
      shared,
      environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'NO_COLOR=1'],
    });
    const { exitCode, stderr } = await tryRun(program('unshare', 'util-linux'), build);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/install packages/);
    expect((await imageOf(directory)).descriptor.digest).toBe(next.descriptor.digest);
  },
);

function versionOf({ config }: Image): string {
  return config.config?.Labels?.['org.opencontainers.image.version'] ?? '';
}

/** Starts a build and kills it as soon as it says that the step is done. */
async function buildUntil(step: string): Promise<void> {
  const build = await start(program(resolve(checkout, 'bin/cosa')), ['ostree', 'build'], {
    cwd: directory,
    env: { NO_COLOR: '1' },
    onStderrLine: (line) => {
      if (line.includes(step)) build.kill('SIGKILL');
    },
  });
  build.stdout.resume();
  await expect(build.done).rejects.toThrow('SIGKILL');
}

/** A Debian with the tools and with its own Node.js; that of Debian 12 is too old, so it gets the one that runs this. */
async function makeHost(suite: Suite): Promise<string> {
  const isOld = suite === 'bookworm';
  const include = [...new Set([...packages, 'ca-certificates', ...(isOld ? [] : ['nodejs'])])].sort();
  const template = await debianRoot({ suite, packages: include, state: 'installed' });
  const host = resolve(checkout, '.test-work/hosts', suite);
  await rm(host, { recursive: true, force: true });
  await mkdir(resolve(host, '..'), { recursive: true });
  await run(program('cp', 'coreutils'), ['--archive', '--reflink=auto', template, host]);
  if (isOld) await cp(process.execPath, join(host, 'usr/bin/node'));
  for (const file of ['/etc/resolv.conf', '/etc/hosts']) await cp(file, join(host, file));
  return host;
}
