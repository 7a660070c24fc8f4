import { readFileSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { run, tryRun } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { asHost, debianRoot, type Suite } from '../helpers/debian-root.ts';
import { builtWorkDirectory, checkout, freshWorkDirectory, imageOf, program } from './fixture.ts';

// The same config and lockfile on hosts with other versions of every tool, and of Node.js and its zlib.

/** The built program and what it works on; not the checkout, whose git directory may lie elsewhere. */
const shared = ['bin', 'dist', 'package.json', 'node_modules', '.test-work'].map((name) => resolve(checkout, name));

/** What `cosa ostree build` calls. */
const needed = ['apt-get', 'bwrap', 'cp', 'flock', 'getfattr', 'git', 'unshare', 'newuidmap', 'xz'];
const packages = Object.values(tools)
  .filter(({ name }) => needed.includes(name))
  .map((tool) => tool.packages.deb);

let work: string;
beforeAll(async () => {
  work = await builtWorkDirectory();
});

/** Debians that this machine is not. */
const osRelease = readFileSync('/etc/os-release', 'utf8');
const others = (['bookworm', 'trixie'] as const).filter((suite) => !osRelease.includes(`VERSION_CODENAME=${suite}`));

it.each<Suite>(others)('a host with Debian %s gets the same container digest', async (suite) => {
  const { directory } = await freshWorkDirectory(`host-${suite}`, work);
  // Packages alone are left: roots, the initramfs and the layers are made anew by that host.
  for (const name of ['roots', 'initramfs', 'layers']) {
    await rm(join(directory, 'cache', name), { recursive: true, force: true });
  }
  const host = await makeHost(suite);
  const build = asHost(host, [resolve(checkout, 'bin/cosa'), '-C', directory, 'ostree', 'build'], {
    directory,
    shared,
    environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'NO_COLOR=1'],
  });
  const { exitCode, stderr } = await tryRun(program('unshare', 'util-linux'), build);
  expect(exitCode, stderr).toBe(0);
  expect((await imageOf(directory)).descriptor.digest).toBe((await imageOf(work)).descriptor.digest);
});

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
