import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../src/lib/canonical-json.ts';
import { digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { readImage, readIndex, readManifestOrIndex } from '../../src/oci/image.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import type { ContentStore } from '../../src/oci/store.ts';
import { type Descriptor, mediaTypes, type Platform } from '../../src/oci/types.ts';
import { storeImage, storeImageOf } from '../helpers/image.ts';

let directory: string;
let store: ContentStore & AsyncDisposable;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-image-'));
  store = await openLayoutForWriting(directory);
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const amd64: Platform = { os: 'linux', architecture: 'amd64' };
const arm64: Platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };

/** The platform for some of its machines. */
const variant = (name: string, of: Platform = amd64): Platform => ({ ...of, variant: name });

async function storeIndex(platforms: readonly (Platform | undefined)[]): Promise<Descriptor> {
  const manifests: Descriptor[] = [];
  for (const [number, platform] of platforms.entries()) {
    manifests.push({ ...(await storeImage(store, [], { number: String(number) })), platform });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  return store.putManifest(canonicalJson(index as unknown as Json), mediaTypes.index);
}

function storeManifest(manifest: Json): Promise<Descriptor> {
  return storeBytes(store, Buffer.from(canonicalJson(manifest)), mediaTypes.manifest);
}

describe('readImage of an index', () => {
  it('takes the image of the platform', async () => {
    const index = await storeIndex([amd64, arm64]);
    const { manifest } = await readImage(store, index, { os: 'linux', architecture: 'arm64' });
    expect(manifest.annotations).toEqual({ number: '1' });
  });

  it('does not choose among variants that only some machines can run', async () => {
    const index = await storeIndex([variant('v2'), variant('v3')]);
    await expect(readImage(store, index, amd64)).rejects.toMatchObject({
      code: 'PLATFORM_MISSING',
      message: `index ${index.digest} does not hold one image for linux/amd64; it holds linux/amd64/v2, linux/amd64/v3`,
    });
  });

  it('needs no platform where there is one image', async () => {
    expect((await readImage(store, await storeIndex([undefined]))).manifest.annotations).toEqual({ number: '0' });
  });

  it.each([
    {
      name: 'the plain one, which is for every machine',
      platforms: [variant('v2'), amd64, variant('v3')],
      chosen: '1',
    },
    { name: 'what is another way to write it', platforms: [variant('v2'), variant('v1')], chosen: '1' },
    { name: 'the plain one of both ways', platforms: [variant('v1'), amd64], chosen: '1' },
    { name: 'the variant that is asked for', platforms: [amd64, variant('v2')], wanted: variant('v2'), chosen: '1' },
    { name: 'the only variant', platforms: [arm64, variant('v3')], chosen: '1' },
    {
      name: 'v8 for arm64',
      platforms: [variant('v9', arm64), arm64],
      wanted: { os: 'linux', architecture: 'arm64' },
      chosen: '1',
    },
  ])('takes $name', async ({ platforms, wanted = amd64, chosen }) => {
    const { manifest } = await readImage(store, await storeIndex(platforms), wanted);
    expect(manifest.annotations).toEqual({ number: chosen });
  });

  it.each([
    { name: 'no platform', platforms: [amd64, arm64], platform: undefined, wanted: 'exactly one image' },
    {
      name: 'a platform that is not there',
      platforms: [amd64, arm64],
      platform: { os: 'linux', architecture: 's390x' },
      wanted: 'one image for linux/s390x',
    },
  ])('lists what there is for $name', async ({ platforms, platform, wanted }) => {
    const index = await storeIndex(platforms);
    await expect(readImage(store, index, platform)).rejects.toMatchObject({
      code: 'PLATFORM_MISSING',
      exitStatus: 4,
      message: `index ${index.digest} does not hold ${wanted}; it holds linux/amd64, linux/arm64/v8`,
    });
  });

  it('says so when it holds nothing', async () => {
    const index = await storeIndex([]);
    await expect(readImage(store, index)).rejects.toMatchObject({
      message: `index ${index.digest} does not hold exactly one image; it holds nothing`,
    });
  });
});

describe('readImage refuses', () => {
  const digest = digestOf('');
  const config = { mediaType: mediaTypes.config, digest, size: 0 };
  const layer = { mediaType: mediaTypes.layer, digest, size: 0 };
  const manifests: { name: string; manifest: Json; message: string }[] = [
    {
      name: 'a manifest of version 1',
      manifest: { schemaVersion: 1 },
      message: 'schemaVersion: Invalid input: expected 2',
    },
    {
      name: 'a manifest that says it is something else',
      manifest: { schemaVersion: 2, mediaType: 'text/plain', config, layers: [] },
      message: `mediaType: Invalid input: expected "${mediaTypes.manifest}"`,
    },
    {
      name: 'a digest of another algorithm',
      manifest: { schemaVersion: 2, config: { ...config, digest: 'md5:00' }, layers: [] },
      message: 'config.digest: expected sha256: and 64 hexadecimal digits',
    },
    {
      name: 'a negative size',
      manifest: { schemaVersion: 2, config, layers: [{ ...layer, size: -1 }] },
      message: 'layers.0.size: Too small: expected number to be >=0',
    },
    {
      name: 'too many layers',
      manifest: { schemaVersion: 2, config, layers: Array.from({ length: 501 }, () => layer) },
      message: 'layers: Too big: expected array to have <=500 items',
    },
  ];
  it.each(manifests)('$name', async ({ manifest, message }) => {
    const descriptor = await storeManifest(manifest);
    await expect(readImage(store, descriptor)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      exitStatus: 4,
      message: `manifest ${descriptor.digest}: ${message}`,
    });
  });

  it('a manifest that is no JSON', async () => {
    const descriptor = await storeBytes(store, Buffer.from('{"'), mediaTypes.manifest);
    await expect(readImage(store, descriptor)).rejects.toMatchObject({
      message: `manifest ${descriptor.digest} is not JSON`,
    });
  });

  it('a manifest that is too large, before it is read', async () => {
    const descriptor: Descriptor = { mediaType: mediaTypes.manifest, digest, size: 4 * 1024 * 1024 + 1 };
    await expect(readImage(store, descriptor)).rejects.toMatchObject({
      code: 'BLOB_TOO_LARGE',
      message: `blob ${digest} (${mediaTypes.manifest}) has 4194305 bytes; at most 4194304 are accepted`,
    });
  });

  it('an unknown media type', async () => {
    const descriptor = await storeBytes(
      store,
      Buffer.from('{}'),
      'application/vnd.docker.distribution.manifest.v2+json',
    );
    await expect(readImage(store, descriptor)).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message: `${descriptor.digest} has the media type ${descriptor.mediaType}; an image has ${mediaTypes.manifest}`,
    });
  });

  it('an artifact', async () => {
    const artifact = await storeManifest({
      schemaVersion: 2,
      config: { ...config, mediaType: mediaTypes.empty },
      layers: [],
    });
    await expect(readImage(store, artifact)).rejects.toMatchObject({
      code: 'NOT_AN_IMAGE',
      message: `${artifact.digest} is not a container image: its config is ${mediaTypes.empty}`,
    });
  });

  it('a config that counts other layers than the manifest', async () => {
    const blob = await storeBytes(store, Buffer.from('one'), mediaTypes.layer);
    const image = await storeImageOf(store, [blob], []);
    await expect(readImage(store, image)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^config sha256:[0-9a-f]{64}: 0 diff_ids for 1 layers$/),
    });
  });
});

it('takes the nulls that some tools write', async () => {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: null, Labels: null },
    history: null,
    rootfs: { type: 'layers', diff_ids: [] },
  };
  const image = await storeManifest({
    schemaVersion: 2,
    config: { ...(await storeBytes(store, Buffer.from(JSON.stringify(config)), mediaTypes.config)) },
    layers: [],
  });
  expect((await readImage(store, image)).config).toEqual({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    history: undefined,
    rootfs: { type: 'layers', diff_ids: [] },
  });
});

describe('readIndex', () => {
  it('reads the entries of an index', async () => {
    const index = await storeIndex([amd64, arm64]);
    expect((await readIndex(store, index)).manifests.map(({ platform }) => platform)).toEqual([amd64, arm64]);
  });

  it('refuses what the descriptor does not call an index', async () => {
    const descriptor = await storeImage(store, []);
    await expect(readIndex(store, descriptor)).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message: `${descriptor.digest} has the media type ${mediaTypes.manifest}; an index has ${mediaTypes.index}`,
    });
  });

  it('refuses what is no index, with the field', async () => {
    const bytes = Buffer.from(canonicalJson({ schemaVersion: 2, manifests: [{ size: 1 }] }));
    const descriptor = await storeBytes(store, bytes, mediaTypes.index);
    await expect(readIndex(store, descriptor)).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      message: expect.stringContaining(`index ${descriptor.digest}: manifests.0.`),
    });
  });
});

it('reads a manifest or an index, as the descriptor says', async () => {
  const index = await storeIndex([amd64]);
  const image = await storeImage(store, [], { number: '1' });
  expect(await readManifestOrIndex(store, index)).toEqual(await readIndex(store, index));
  expect((await readManifestOrIndex(store, image)).annotations).toEqual({ number: '1' });
});
