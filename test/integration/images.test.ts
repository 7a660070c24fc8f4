import { readFileSync } from 'node:fs';
import { chown, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { run, tryRun } from '../../src/exec/run.ts';
import { asHost, debianRoot, type Suite } from '../helpers/debian-root.ts';
import { builtWorkDirectory, candidate, checkout, cosaOk, program, testWork } from './fixture.ts';

// The same container on other hosts: each image has the bytes that it has here, where root makes it.

const platforms = ['qemu', 'metal', 'metal4k', 'aws', 'azure', 'gcp', 'vmware', 'hyperv', 'nutanix', 'kubevirt'];
/** Nobody: in no file of accounts, and without subordinate ids. */
const user = 54321;

let work: string;
let here: ReadonlyMap<string, string>;
beforeAll(async () => {
  work = await builtWorkDirectory();
  const output = resolve(testWork, 'images-here');
  await rm(output, { recursive: true, force: true });
  await cosaOk(work, ['image', 'build', ...platforms, '--output', output]);
  here = await checksums(output);
});

/** Debians that this machine is not, and that have a Node.js which is new enough. */
const others = (['trixie', 'sid'] as const).filter(
  (suite) => !readFileSync('/etc/os-release', 'utf8').includes(`VERSION_CODENAME=${suite}`),
);

it.each<Suite>(others.slice(0, 1))(
  'an ordinary user gets the same bytes on a Debian %s that has Node.js, and no tool at all',
  async (suite) => {
    const host = await makeHost(suite);
    const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
    const cosa = ['node', '/srv/cosa/bin/cosa', 'image', 'build', ...platforms];
    const build = asHost(
      host,
      [...asUser, ...cosa, '--from', `oci:/srv/oci:${candidate}`, '--output', '/srv/out/images'],
      {
        directory: '/srv/out',
        environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/srv/out', 'NO_COLOR=1'],
      },
    );
    const { exitCode, stderr } = await tryRun(program('unshare', 'util-linux'), build);
    expect(exitCode, stderr).toBe(0);
    expect(await checksums(join(host, 'srv/out/images'))).toEqual(here);
    expect(here.size).toBe(platforms.length);
  },
);

/** What the records in a directory say of the files beside them. */
async function checksums(directory: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(directory)).sort()) {
    if (!name.endsWith('.json')) continue;
    const { files } = JSON.parse(await readFile(join(directory, name), 'utf8')) as {
      files: { name: string; sha256: string }[];
    };
    for (const file of files) found.set(file.name, file.sha256);
  }
  return found;
}

async function makeHost(suite: Suite): Promise<string> {
  const template = await debianRoot({ suite, packages: ['ca-certificates', 'nodejs'], state: 'installed' });
  const host = resolve(testWork, 'hosts', `images-${suite}`);
  await rm(host, { recursive: true, force: true });
  await mkdir(resolve(host, '..'), { recursive: true });
  await run(program('cp', 'coreutils'), ['--archive', '--reflink=auto', template, host]);
  for (const name of ['bin', 'dist', 'package.json', 'node_modules/@bokuweb', 'node_modules/@foxglove']) {
    await cp(resolve(checkout, name), join(host, 'srv/cosa', name), { recursive: true });
  }
  await cp(resolve(work, 'oci'), join(host, 'srv/oci'), { recursive: true });
  await mkdir(join(host, 'srv/out'));
  await chown(join(host, 'srv/out'), user, user);
  await run(program('chmod', 'coreutils'), ['--recursive', 'a+rX', join(host, 'srv/cosa'), join(host, 'srv/oci')]);
  return host;
}
