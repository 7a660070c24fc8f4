import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestFile } from '../../src/lib/digest.ts';
import type { Image } from '../../src/oci/image.ts';
import { builtWorkDirectory, cosaOk, freshWorkDirectory, imageOf, stream, testConfig } from './fixture.ts';
import { type OrdinaryUser, ordinaryUser } from './ordinary-user.ts';

describe('an unprivileged user', () => {
  let work: string;
  let user: OrdinaryUser;

  beforeAll(async () => {
    work = await builtWorkDirectory();
    user = await ordinaryUser({ config: testConfig });
    await user.cosa(['init', '--stream', stream, join(user.home, 'config')]);
    await user.cosa(['ostree', 'build']);
    await user.cosa(['image', 'build', 'qemu']);
    await cosaOk(work, ['image', 'build', 'qemu']);
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('gets the same container digest as root, in another directory, at another time', async () => {
    expect((await imageOf(user.work)).descriptor.digest).toBe((await imageOf(work)).descriptor.digest);
  });

  it('gets the same disk image, byte for byte', async () => {
    expect(await diskDigest(user.work)).toEqual(await diskDigest(work));
  });
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
