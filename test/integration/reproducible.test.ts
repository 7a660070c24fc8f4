import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, tryRun } from '../../src/exec/run.ts';
import { digestFile } from '../../src/lib/digest.ts';
import type { Image } from '../../src/oci/image.ts';
import {
  builtWorkDirectory,
  checkout,
  cosaOk,
  freshWorkDirectory,
  imageOf,
  program,
  stream,
  testConfig,
} from './fixture.ts';

const user = 'cosa-test';
/** A place that the user may read: a checkout often is not. */
const home = `/home/${user}`;

describe('an unprivileged user', () => {
  let work: string;
  const directory = join(home, 'work');

  beforeAll(async () => {
    work = await builtWorkDirectory();
    await makeUser();
    await installFor(user);
    await asUser(['init', '--stream', stream, join(home, 'config')]);
    await asUser(['ostree', 'build']);
    await asUser(['image', 'build', 'qemu']);
    await cosaOk(work, ['image', 'build', 'qemu']);
  });
  afterAll(removeUser);

  it('gets the same container digest as root, in another directory, at another time', async () => {
    expect((await imageOf(directory)).descriptor.digest).toBe((await imageOf(work)).descriptor.digest);
  });

  it('gets the same disk image, byte for byte', async () => {
    expect(await diskDigest(directory)).toEqual(await diskDigest(work));
  });

  async function asUser(args: readonly string[]): Promise<void> {
    await run(
      program('runuser', 'util-linux'),
      ['-u', user, '--', join(home, 'cosa/bin/cosa'), '-C', directory, ...args],
      {
        // As su leaves it.
        env: { HOME: home, USER: 'root', NO_COLOR: '1' },
        cwd: home,
      },
    );
  }
});

it('a second work directory gives the same disk image from the container alone', async () => {
  const work = await builtWorkDirectory();
  const other = resolve(work, '../only-container');
  await rm(other, { recursive: true, force: true });
  await mkdir(other, { recursive: true });
  await cosaOk(work, ['image', 'build', 'qemu']);
  await cosaOk(other, ['image', 'build', 'qemu', '--from', `oci:${work}/oci:${stream}-candidate`]);
  expect(await diskDigest(other)).toEqual(await diskDigest(work));
  await rm(other, { recursive: true });
});

it('a build that finds everything in the cache gives the digest of one that starts from nothing', async () => {
  const { directory, config } = await freshWorkDirectory('incremental', await builtWorkDirectory());
  await cosaOk(directory, ['ostree', 'build']);
  const previous = versionOf(await imageOf(directory));
  await writeFile(join(config, 'overlay.d/05core/etc/incremental.conf'), 'changed\n');
  await cosaOk(directory, ['ostree', 'build']);
  const incremental = await imageOf(directory);
  for (const kind of ['roots', 'initramfs', 'layers']) {
    await rm(join(directory, 'cache', kind), { recursive: true });
  }
  const again = ['--force', '--version', versionOf(incremental), '--previous', previous];
  await cosaOk(directory, ['ostree', 'build', ...again]);
  expect((await imageOf(directory)).descriptor.digest).toBe(incremental.descriptor.digest);
});

function versionOf({ config }: Image): string {
  return config.config?.Labels?.['org.opencontainers.image.version'] ?? '';
}

/** Name and digest of the one qcow2 image in a work directory. */
async function diskDigest(directory: string): Promise<[string, string]> {
  const images = resolve(directory, 'images');
  const disks = (await readdir(images, { recursive: true })).filter((name) => name.endsWith('.qcow2'));
  const [disk = ''] = disks;
  expect(disks).toHaveLength(1);
  return [disk, (await digestFile(join(images, disk))).digest];
}

async function makeUser(): Promise<void> {
  const present = await tryRun(program('id', 'coreutils'), [user]);
  if (present.exitCode !== 0) await run(program('useradd', 'passwd'), ['--create-home', '--home-dir', home, user]);
}

async function removeUser(): Promise<void> {
  // Files of its sub-ids too: only root can remove those.
  await rm(home, { recursive: true, force: true });
  await run(program('userdel', 'passwd'), [user]);
}

/** Copies the built program and the config to where the user owns them. */
async function installFor(name: string): Promise<void> {
  const target = join(home, 'cosa');
  await mkdir(target, { recursive: true });
  const parts = ['bin', 'dist', 'package.json', 'node_modules'].map((part) => join(checkout, part));
  await run(program('cp', 'coreutils'), ['--recursive', '--no-dereference', '--target-directory', target, ...parts]);
  await cp(testConfig, join(home, 'config'), { recursive: true, verbatimSymlinks: true });
  await mkdir(join(home, 'work'));
  await run(program('chown', 'coreutils'), ['--recursive', '--no-dereference', `${name}:`, home]);
}
