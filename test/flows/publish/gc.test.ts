import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyContainers } from '../../../src/flows/container/copy.ts';
import { collectGarbage } from '../../../src/flows/publish/gc.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import type { Digest } from '../../../src/lib/digest.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { attachTestResult } from '../../../src/oci/test-result.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { openObjectStore } from '../../../src/publish/stores.ts';
import { writeMetadata } from '../../../src/publish/stream-metadata.ts';
import { silentSession } from '../../helpers/session.ts';
import { passedResult } from '../../helpers/test-result.ts';
import { startTestingRegistry, type TestingRegistry } from '../../helpers/testing-registry.ts';
import { exampleBuild } from '../../publish/example-build.ts';
import { publishExample } from '../../publish/publish-example.ts';
import { openWorkScene, storeSystem, type WorkScene } from './support.ts';

const session = silentSession();
const now = Date.UTC(2026, 5, 1);
let scene: WorkScene;
beforeEach(async () => {
  scene = await openWorkScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

async function gc(policy: string, apply = false) {
  await writeFile(join(scene.work.root, 'gc.yaml'), policy);
  const places = await collectGarbage(session, {
    directory: scene.work.root,
    policy: 'gc.yaml',
    store: {},
    now,
    apply,
  });
  return places.map(({ kept, removed, freed }) => ({
    kept: Object.fromEntries(kept.map(({ item: { name }, reasons }) => [name, reasons[0]])),
    removed: removed.map(({ item: { name } }) => name),
    freed,
  }));
}

const created = (date: string) => ({ labels: { 'org.opencontainers.image.created': `${date}T00:00:00Z` } });

/** Three builds of a month each; the newest is the candidate. */
async function threeBuilds(): Promise<Record<string, Descriptor>> {
  return {
    '13.1': await storeSystem(scene.work.oci, '13.1', created('2026-01-01')),
    '13.2': await storeSystem(scene.work.oci, '13.2', created('2026-02-01')),
    '13.3': await storeSystem(scene.work.oci, '13.3', created('2026-03-01')),
  };
}

/** Lists one image under a tag. */
async function tagIndex(tag: string, image: Descriptor): Promise<void> {
  await using store = await openLayoutForWriting(scene.work.oci);
  const { mediaType, digest, size } = image;
  const manifests = [{ mediaType, digest, size, platform: { os: 'linux', architecture: 'amd64' } }];
  const index = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  await store.setTags([tag], await store.putManifest(index, mediaTypes.index));
}

async function attachResult(image: Descriptor): Promise<Descriptor> {
  await using store = await openLayoutForWriting(scene.work.oci);
  return await attachTestResult(store, image, passedResult(image));
}

const tagsHere = async () => (await openLayout(scene.work.oci)).tagNames();

describe('collectGarbage in oci/', () => {
  it('says what would go and why the rest stays, and does so only when told', async () => {
    const builds = await threeBuilds();
    const before = await tagsHere();
    const [plan] = await gc('keep-last: 1\nkeep-days: 100');
    expect(plan).toMatchObject({
      kept: { '13.3': 'it has the tag "stable-candidate"' },
      removed: ['13.2', '13.1'],
      freed: { blobs: 6 },
    });
    expect(await tagsHere()).toEqual(before);
    expect(await gc('keep-last: 1\nkeep-days: 100', true)).toEqual([plan]);
    expect(await tagsHere()).toEqual(['13.3', 'stable-candidate']);
    expect(await (await openLayout(scene.work.oci)).hasBlob(builds['13.1']?.digest as Digest)).toBe(false);
    expect(await gc('keep-last: 1', true)).toMatchObject([{ removed: [], freed: { blobs: 0 } }]);
  });

  it('keeps what a tag of the own, an index and a derived container need, and what refers to what stays', async () => {
    const { '13.1': one, '13.2': two, '13.3': three } = await threeBuilds();
    await tagIndex('mine', one as Descriptor);
    const date = created('2026-04-01').labels;
    const base = { 'org.opencontainers.image.base.digest': two?.digest ?? '' };
    await storeSystem(scene.work.oci, '13.4', { labels: { ...date, ...base } });
    const result = await attachResult(two as Descriptor);
    const [plan] = await gc('keep-last: 1', true);
    expect(plan?.kept).toEqual({
      '13.4': 'it has the tag "stable-candidate"',
      '13.2': '13.4 is derived from it',
      '13.1': 'the index mine lists it',
      mine: 'it has the tag "mine"',
    });
    expect(plan?.removed).toEqual(['13.3']);
    const layout = await openLayout(scene.work.oci);
    expect(await layout.tagNames()).toEqual(['13.1', '13.2', '13.4', 'mine', 'stable-candidate']);
    expect(await layout.referrers(two?.digest as Digest)).toEqual([result]);
    expect(await layout.hasBlob(three?.digest as Digest)).toBe(false);
  });

  it('lets tags go that keep nothing, and keeps by pattern', async () => {
    await storeSystem(scene.work.oci, '13.1', { ...created('2026-01-01'), tags: ['13.1', 'pr-7'] });
    await storeSystem(scene.work.oci, '13.2', { ...created('2026-02-01'), tags: ['pr-8'] });
    await storeSystem(scene.work.oci, '13.3', { ...created('2026-02-01'), tags: ['13.3', 'pr-9'] });
    await gc('keep-last: 0\nkeep-tags: ["*.3"]\nexpire-tags: ["pr-*"]', true);
    expect(await tagsHere()).toEqual(['13.3', 'pr-9']);
  });

  it('has nothing to do where nothing is built', async () => {
    expect(await gc('keep-last: 1', true)).toEqual([{ kept: {}, removed: [], freed: { blobs: 0, bytes: 0 } }]);
  });
});

describe('collectGarbage in a registry', () => {
  let registry: TestingRegistry & AsyncDisposable;
  let repository: string;
  beforeEach(async () => {
    registry = await startTestingRegistry();
    repository = `docker://${registry.host}/os/example`;
  });
  afterEach(() => registry[Symbol.asyncDispose]());

  async function push(): Promise<void> {
    await threeBuilds();
    const options = { all: true, platform: undefined, dryRun: false };
    await copyContainers(session, scene.work.root, { source: '1*', destination: repository, ...options });
  }

  const tagsThere = async () => (await session.registries.repository(registry.host, 'os/example')).tagNames();

  it('removes manifests', async () => {
    await push();
    expect(await gc(`places: [${repository}]\nkeep-last: 1`)).toMatchObject([
      { removed: ['13.2', '13.1'], freed: { manifests: 2 } },
    ]);
    expect(await tagsThere()).toEqual(['13.1', '13.2', '13.3']);
    await gc(`places: [${repository}]\nkeep-last: 1`, true);
    expect(await tagsThere()).toEqual(['13.3']);
  });

  it('removes tags where the registry removes nothing else', async () => {
    await push();
    registry.inject({
      match: { method: 'DELETE', path: /\/manifests\/sha256:/ },
      fault: { kind: 'status', status: 405 },
      times: 9,
    });
    expect(await gc(`places: [${repository}]\nkeep-last: 1`, true)).toMatchObject([{ freed: { tags: 2 } }]);
    expect(await tagsThere()).toEqual(['13.3']);
  });

  it('says what to do where it removes nothing at all', async () => {
    await push();
    registry.inject({ match: { method: 'DELETE' }, fault: { kind: 'status', status: 405 }, times: 9 });
    await expect(gc(`places: [${repository}]\nkeep-last: 1`, true)).rejects.toMatchObject({
      code: 'DELETE_UNSUPPORTED',
      exitStatus: 1,
      message: `${repository}: the registry removes neither manifests nor tags`,
    });
    expect(await tagsThere()).toEqual(['13.1', '13.2', '13.3']);
  });

  it('looks at all places together: a release that stays keeps its container where it lies', async () => {
    await push();
    const builds = await threeBuilds();
    const directory = scene.outside;
    await using store = await openObjectStore(pathToFileURL(directory).href, {}, session);
    for (const version of ['13.1', '13.2', '13.3']) {
      const build = exampleBuild({ version, images: [['qemu', 'qcow2']] });
      const container = { ...build.images.container, digest: builds[version]?.digest as Digest };
      const images = { ...build.images, container };
      await publishExample(directory, images);
      const image = 'registry.example.com/os/example';
      await writeMetadata(store, {
        builds: [{ images, container: { image: `${image}:stable`, 'digest-ref': `${image}@${container.digest}` } }],
        author: { generator: 'cosa', now: new Date(Date.UTC(2026, Number(version.slice(3)) - 1)) },
        allowDowngrade: false,
      });
    }
    const url = pathToFileURL(directory).href;
    const policy = `places: [oci, ${repository}, "${url}"]\nkeep-last: 0\nstreams: {stable: {keep-tags: ["13.2"]}}`;
    const [own, there, published] = await gc(policy, true);
    expect(published).toMatchObject({
      kept: { 'stable 13.3': 'the stream stable offers it', 'stable 13.2': 'it has a tag like "13.2"' },
      removed: ['stable 13.1'],
      freed: { objects: 4 },
    });
    expect(there).toMatchObject({
      kept: { '13.3': 'the release stable 13.3 is made of it', '13.2': 'it has a tag like "13.2"' },
      removed: ['13.1'],
    });
    // The release's container lies in the registry: here it need not.
    expect(own?.removed).toEqual(['13.1']);
    expect(await tagsThere()).toEqual(['13.2', '13.3']);
  });
});

describe('collectGarbage', () => {
  const bad: readonly [policy: string, code: string, position: string, message: string][] = [
    [
      'keep-last: 1\nplaces: [oci:x:tag]',
      'PLACE_INVALID',
      '2:10',
      '"oci:x:tag" names one container, and not all that lie there',
    ],
    [
      'keep-last: 1\nplaces: [stable]',
      'PLACE_INVALID',
      '2:10',
      '"stable" names one container, and not all that lie there',
    ],
    [
      'keep-last: 1\nplaces:\n  - oci-archive:os.tar',
      'PRUNE_UNSUPPORTED',
      '3:5',
      expect.stringMatching(/^nothing can be removed from oci-archive:.*os\.tar$/) as string,
    ],
    [
      'keep-last: 1\nplaces: ["docker://UPPER/x y"]',
      'REFERENCE_INVALID',
      '2:10',
      expect.stringContaining('reference') as string,
    ],
  ];
  it.each(bad)('refuses the places of %j', async (policy, code, position, message) => {
    const [line, column] = position.split(':').map(Number);
    await expect(gc(policy)).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message,
      where: { file: join(scene.work.root, 'gc.yaml'), line, column },
    });
  });
});
