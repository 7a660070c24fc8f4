import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestHex } from '../../src/lib/digest.ts';
import { imageEntries, readImage } from '../../src/oci/image.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { platformFor } from '../../src/oci/platform.ts';
import type { LocalStore } from '../../src/oci/store.ts';
import { imagesTagged, tagImages } from '../../src/oci/tag-images.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import { storeImage } from '../helpers/image.ts';

let directory: string;
let store: LocalStore & AsyncDisposable;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-tags-'));
  store = await openLayoutForWriting(directory);
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function image(architecture: string, version: string): Promise<Descriptor> {
  return storeImage(store, [Buffer.from(version)], { 'org.opencontainers.image.version': version }, architecture);
}

async function tag(tags: readonly string[], descriptor: Descriptor, force = false): Promise<void> {
  await tagImages(store, tags, { descriptor, images: [await readImage(store, descriptor)] }, { force });
}

/** The digests that a tag offers, by architecture. */
async function offered(name: string): Promise<Record<string, string>> {
  const now = await store.resolveTag(name);
  if (now === undefined) return {};
  const images = await Promise.all((await imageEntries(store, now)).map((entry) => readImage(store, entry)));
  return Object.fromEntries(images.map(({ config, descriptor }) => [config.architecture, descriptor.digest]));
}

describe('a tag', () => {
  it('names the image itself as long as there is but one platform', async () => {
    const [first, second] = [await image('amd64', '1'), await image('amd64', '2')];
    await tag(['1', 'candidate'], first);
    await tag(['2', 'candidate'], second);
    expect((await store.resolveTag('1'))?.digest).toBe(first.digest);
    expect((await store.resolveTag('candidate'))?.digest).toBe(second.digest);
  });

  it('comes to offer each platform its image, whichever was built first', async () => {
    const [amd, arm] = [await image('amd64', '1'), await image('arm64', '1')];
    await tag(['1', 'candidate'], amd);
    await tag(['1', 'candidate'], arm);
    const both = { amd64: amd.digest, arm64: arm.digest };
    expect(await offered('1')).toEqual(both);
    expect(await offered('candidate')).toEqual(both);
    const index = await store.resolveTag('1');
    await tag(['other'], arm);
    await tag(['other'], amd);
    expect((await store.resolveTag('other'))?.digest).toBe(index?.digest);
  });

  it('keeps what it offers to others when one platform gets a newer image', async () => {
    const [amd, arm, newer] = [await image('amd64', '1'), await image('arm64', '1'), await image('amd64', '2')];
    await tag(['candidate'], amd);
    await tag(['candidate'], arm);
    await tag(['candidate'], newer);
    expect(await offered('candidate')).toEqual({ amd64: newer.digest, arm64: arm.digest });
    const { same, others } = await imagesTagged(store, 'candidate', [platformFor('aarch64')]);
    expect(same.map(({ descriptor }) => descriptor.digest)).toEqual([arm.digest]);
    expect(others.map(({ descriptor }) => descriptor.digest)).toEqual([newer.digest]);
  });

  it('that is a version is given to each platform once, unless told otherwise', async () => {
    const [amd, arm] = [await image('amd64', '1'), await image('arm64', '1')];
    const labels = { 'org.opencontainers.image.version': '1' };
    const another = await storeImage(store, [Buffer.from('another')], labels);
    await tag(['1'], amd);
    await tag(['1'], arm);
    await expect(tag(['1'], another)).rejects.toMatchObject({
      code: 'TAG_MOVED',
      exitStatus: 4,
      message: `the version 1 is another container, ${amd.digest}`,
    });
    await tag(['1'], another, true);
    expect(await offered('1')).toEqual({ amd64: another.digest, arm64: arm.digest });
  });

  it('may have named something that is no image, or is gone', async () => {
    const [amd, lost] = [await image('amd64', '1'), await image('arm64', '1')];
    await tag(['gone'], lost);
    await rm(join(directory, 'blobs', 'sha256', digestHex(lost.digest)));
    await tag(['gone'], amd);
    expect(await offered('gone')).toEqual({ amd64: amd.digest });
  });

  it('offers all platforms though their builds set it at the same time', async () => {
    const architectures = ['amd64', 'arm64', 'ppc64le', 's390x', 'riscv64'];
    const images = await Promise.all(architectures.map((architecture) => image(architecture, '1')));
    await Promise.all(images.map((descriptor) => tag(['1', 'candidate'], descriptor)));
    expect(Object.keys(await offered('1')).sort()).toEqual(architectures.sort());
    expect(Object.keys(await offered('candidate')).sort()).toEqual(architectures.sort());
  });
});
