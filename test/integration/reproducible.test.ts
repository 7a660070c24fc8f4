import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestFile } from '../../src/lib/digest.ts';
import { builtWorkDirectory, cosaOk, imageOf, stream, testConfig } from './fixture.ts';
import { type OrdinaryUser, ordinaryUser } from './ordinary-user.ts';

describe('an unprivileged user', () => {
  let work: string;
  let user: OrdinaryUser;

  beforeAll(async () => {
    work = await builtWorkDirectory();
    const packages = join(work, 'cache/packages');
    user = await ordinaryUser('cosa-test', { config: testConfig, 'work/cache/packages': packages });
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

/** Name and digest of the one qcow2 image in a work directory. */
async function diskDigest(directory: string): Promise<[string, string]> {
  const images = resolve(directory, 'images');
  const disks = (await readdir(images, { recursive: true })).filter((name) => name.endsWith('.qcow2'));
  const [disk = ''] = disks;
  expect(disks).toHaveLength(1);
  return [disk, (await digestFile(join(images, disk))).digest];
}
