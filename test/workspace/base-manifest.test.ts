import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { selectConfig } from '../../src/config/selection.ts';
import type { Digest } from '../../src/lib/digest.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import type { ContentStore } from '../../src/oci/store.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { type BaseManifestRequest, findBaseManifest } from '../../src/workspace/base-manifest.ts';
import { temporaryDirectory, writeFiles } from '../config/support.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage, storeImageOf } from '../helpers/image.ts';
import { entry, tarOf } from '../helpers/ostree-layers.ts';
import { silentSession } from '../helpers/session.ts';

const manifests = 'usr/share/doc/bootc-base-imagectl/manifests';
const base = {
  'minimal-plus.yaml': 'include: minimal-plus/manifest.yaml\n',
  'minimal-plus/manifest.yaml': 'include: ../minimal/manifest.yaml\npackages: [plus]\n',
  'minimal/manifest.yaml':
    'arch-include: {x86_64: grub.yaml}\npackages: [kernel]\ncheck-passwd: {type: file, filename: passwd}\n',
  'minimal/grub.yaml': 'packages: [grub]\n',
  'minimal/passwd': 'root:x:0:0::/root:/bin/sh\n',
};

async function storeBuilder(store: ContentStore, files: Readonly<Record<string, string>> = base): Promise<Digest> {
  const entries = Object.entries(files).map(([name, content]) => entry(`${manifests}/${name}`, {}, content));
  const link = entry(`${manifests}/fedora-minimal-plus.yaml`, { type: 'symlink', linkTarget: 'minimal-plus.yaml' });
  const descriptor = await storeImage(store, [tarOf([...entries, link]), tarOf([entry('etc/x', {}, 'x')])]);
  await store.setTags(['43'], descriptor);
  return descriptor.digest;
}

async function registryWith(files?: Readonly<Record<string, string>>) {
  const registry = await startDockerRegistry();
  onTestFinished(() => registry[Symbol.asyncDispose]());
  await using registries = createRegistries({}, { environment: {} });
  const digest = await storeBuilder(await registries.repository(registry.host, 'os/builder', 'writing'), files);
  return { registry, image: `${registry.host}/os/builder`, digest };
}

async function request(image: string, more: Partial<BaseManifestRequest> = {}): Promise<BaseManifestRequest> {
  const config = await writeFiles({ 'build-args.conf': `VERSION=43\nBUILDER_IMG=${image}\n`, 'manifest.yaml': '' });
  const root = await temporaryDirectory();
  return {
    selection: await selectConfig(config),
    root,
    cacheDirectory: join(root, 'cache'),
    architecture: 'x86_64',
    ...more,
  };
}

async function find(wanted: BaseManifestRequest) {
  const session = silentSession();
  await using _registries = session.registries;
  return await findBaseManifest(session, wanted);
}

async function stop(registry: DockerRegistry): Promise<void> {
  await registry[Symbol.asyncDispose]();
}

describe('a builder image in a registry', () => {
  test('is asked once: by its digest, what is in the cache is used without a network', async () => {
    const { registry, image, digest } = await registryWith();
    const wanted = await request(`${image}:43@${digest}`);
    const first = await find(wanted);
    expect(first).toMatchObject({
      builder: { image: `${image}:43@${digest}`, digest },
      manifest: { entry: 'minimal-plus.yaml' },
    });
    const { directory = '' } = first.manifest ?? {};
    expect(await readFile(join(directory, 'fedora-minimal-plus.yaml'), 'utf8')).toBe(base['minimal-plus.yaml']);
    await stop(registry);
    expect(await find(wanted)).toEqual(first);
  });

  test('stands for what its tag pointed to, until it is asked for anew', async () => {
    const { image, digest } = await registryWith();
    const wanted = await request(`${image}:43`);
    expect((await find(wanted)).builder).toEqual({ image: `${image}:43`, digest });
    await using registries = createRegistries({}, { environment: {} });
    const [host = '', ...path] = image.split('/');
    const repository = await registries.repository(host, path.join('/'), 'writing');
    const newer = await storeBuilder(repository, { 'minimal-plus.yaml': 'packages: [newer]\n' });
    expect((await find(wanted)).builder?.digest).toBe(digest);
    expect((await find({ ...wanted, refresh: true })).builder?.digest).toBe(newer);
    expect((await find(wanted)).builder?.digest).toBe(newer);
    const locked = { image: `${image}:43`, digest };
    expect((await find({ ...wanted, refresh: true, locked })).builder?.digest).toBe(digest);
    const lockedOther = { image: 'example.com/other', digest };
    expect((await find({ ...wanted, locked: lockedOther })).builder?.digest).toBe(newer);
  });

  test('must be one that the policy admits, also when it is in the cache', async () => {
    const { image, digest } = await registryWith();
    const wanted = await request(`${image}@${digest}`);
    await find(wanted);
    await writeFile(join(wanted.root, 'policy.json'), '{"default": [{"type": "reject"}]}');
    await expect(find(wanted)).rejects.toMatchObject({ code: 'POLICY_REJECTED' });
    await rm(join(wanted.root, 'cache'), { recursive: true });
    await expect(find(wanted)).rejects.toMatchObject({ code: 'POLICY_REJECTED' });
  });

  test.each<[Record<string, string>, string]>([
    [{ 'other.yaml': '' }, 'has no minimal-plus.yaml in /usr/share/doc/bootc-base-imagectl/manifests'],
  ])('without the manifest is an error at its place: %j', async (files, problem) => {
    const { image } = await registryWith(files);
    const wanted = await request(`${image}:43`);
    await expect(find(wanted)).rejects.toMatchObject({
      code: 'BASE_MANIFEST_MISSING',
      message: `the image ${image}:43 ${problem}`,
      where: { file: join(wanted.selection.base, 'build-args.conf'), line: 2, column: 1 },
    });
  });

  test('whose name is none is an error at its place', async () => {
    const wanted = await request('fedora-bootc:43');
    await expect(find(wanted)).rejects.toMatchObject({
      code: 'REFERENCE_INVALID',
      where: { file: join(wanted.selection.base, 'build-args.conf'), line: 2 },
    });
  });

  test('that nobody has is what the registry says', async () => {
    const { image } = await registryWith();
    await expect(find(await request(`${image}:44`))).rejects.toMatchObject({ code: 'TAG_UNKNOWN' });
    await expect(find(await request('127.0.0.1:1/os/builder:43'))).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
    });
  });
});

test('a registry that wants to know who asks says so', async () => {
  const registry = await startDockerRegistry({ authentication: 'basic' });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  await expect(find(await request(`${registry.host}/os/builder:43`))).rejects.toMatchObject({
    code: 'REGISTRY_UNAUTHORIZED',
  });
});

describe('what else a config may build upon', () => {
  test('an image in a layout, relative to where it was said', async () => {
    const directory = await temporaryDirectory();
    {
      await using layout = await openLayoutForWriting(join(directory, 'images'));
      await storeBuilder(layout, { 'minimal-plus.hidden.yaml': 'packages: [hidden]\n' });
    }
    const named = { name: 'oci:images:43', directory };
    const found = await find(await request('example.com/other', { named }));
    expect(found).toMatchObject({
      manifest: { entry: 'minimal-plus.hidden.yaml', isForeign: true },
      builder: { image: 'oci:images:43' },
    });
  });

  test.each([
    [{ 'manifest.yaml': '' }, '.', 'manifest.yaml'],
    [{ 'minimal-plus.yaml': '' }, '.', 'minimal-plus.yaml'],
    [{ 'tier-x.yaml': '' }, 'tier-x.yaml', 'tier-x.yaml'],
  ])('manifests in a directory: %j', async (files, name, entryName) => {
    const directory = await writeFiles(files);
    const found = await find(await request('example.com/other', { named: { name, directory } }));
    expect(found).toEqual({ manifest: { directory, entry: entryName }, builder: undefined });
  });

  test('no image that is far too large to look through', async () => {
    const directory = await temporaryDirectory();
    {
      await using layout = await openLayoutForWriting(join(directory, 'images'));
      const digest: Digest = `sha256:${'0'.repeat(64)}`;
      const layer = { mediaType: mediaTypes.layer, digest, size: 9e9 };
      await layout.setTags(['43'], await storeImageOf(layout, [layer], [digest]));
    }
    const named = { name: 'oci:images:43', directory };
    await expect(find(await request('example.com/other', { named }))).rejects.toMatchObject({
      code: 'BASE_MANIFEST_MISSING',
      message: 'the image oci:images:43 has 9.0 GB: manifests are looked for in images of at most 8.0 GB',
    });
  });

  test('a directory without one is an error', async () => {
    const directory = await temporaryDirectory();
    const wanted = await request('example.com/other', { named: { name: 'nowhere', directory } });
    await expect(find(wanted)).rejects.toThrow(`there is no manifest in ${join(directory, 'nowhere')}`);
  });

  test('nothing, where the config brings it itself', async () => {
    const wanted = await request('example.com/other');
    const selection = await selectConfig(wanted.selection.base, { variables: new Map([['deriving', false]]) });
    expect(await find({ ...wanted, selection })).toEqual({ manifest: undefined, builder: undefined });
  });
});

test('links of an image lead nowhere else, and nothing is written through them', async () => {
  const directory = await temporaryDirectory();
  const links: [string, string][] = [
    ['out.yaml', '../../../../../../../etc/hostname'],
    ['absolute.yaml', '/etc/hostname'],
    ['later', 'minimal/../..'],
  ];
  {
    await using layout = await openLayoutForWriting(join(directory, 'images'));
    const entries = [
      entry(`${manifests}/minimal-plus.yaml`, {}, 'include: out.yaml\n'),
      ...links.map(([name, linkTarget]) => entry(`${manifests}/${name}`, { type: 'symlink', linkTarget })),
    ];
    await layout.setTags(['43'], await storeImage(layout, [tarOf(entries)]));
  }
  const found = await find(
    await request('example.com/other', { named: { name: `oci:${directory}/images:43`, directory } }),
  );
  for (const [name] of links) {
    await expect(readFile(join(found.manifest?.directory ?? '', name))).rejects.toMatchObject({ code: 'ENOENT' });
  }
});
