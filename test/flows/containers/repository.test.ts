import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffDownload } from '../../../src/flows/containers/download.ts';
import { checkContainers } from '../../../src/flows/containers/fsck.ts';
import { inspectContainer } from '../../../src/flows/containers/inspect.ts';
import { listContainers } from '../../../src/flows/containers/list.ts';
import { placeNamed } from '../../../src/flows/containers/place.ts';
import { promote } from '../../../src/flows/containers/promote.ts';
import { pruneContainers } from '../../../src/flows/containers/prune.ts';
import { tagContainer } from '../../../src/flows/containers/tag.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { digestHex } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import type { Repository } from '../../../src/oci/registries.ts';
import type { Injection } from '../../../src/oci/registry/testing/faults.ts';
import { requestsOf } from '../../../src/oci/registry/testing/log.ts';
import { startTestingRegistry, type TestingRegistry } from '../../../src/oci/registry/testing/registry.ts';
import { attachTestResult } from '../../../src/oci/test-result.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';

// The commands that look after containers, on a registry: with no work directory anywhere.
const session = silentSession();
const name = 'os/example';

let nowhere: string;
let registry: TestingRegistry & AsyncDisposable;
let repository: Repository;
let reference: string;
beforeEach(async () => {
  nowhere = await mkdtemp(join(tmpdir(), 'cosa-nowhere-'));
  registry = await startTestingRegistry();
  repository = await session.registries.repository(registry.host, name);
  reference = `docker://${registry.host}/${name}`;
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(nowhere, { recursive: true });
});

const place = () => placeNamed(nowhere, reference);
const tags = () => Object.fromEntries(registry.tags(name));

async function push(version: string, layers: readonly string[] = [version], architecture = 'amd64') {
  const contents = layers.map((layer) => Buffer.from(layer));
  const labels = { 'org.opencontainers.image.version': version, 'com.coreos.stream': 'stable' };
  const image = await storeImage(repository, contents, labels, architecture);
  await repository.setTags([version, 'stable-candidate'], image);
  return image;
}

async function passTests(image: Descriptor): Promise<Descriptor> {
  return attachTestResult(repository, image, {
    schemaVersion: 1,
    subject: image.digest,
    suite: 'basic',
    complete: true,
    firmware: 'uefi',
    accelerator: 'tcg',
    started: '2026-01-01T00:00:00Z',
    tests: [{ name: 'ssh', status: 'passed', milliseconds: 1 }],
  });
}

async function pushIndex(tag: string, images: readonly Descriptor[]): Promise<Descriptor> {
  const architectures = ['amd64', 'arm64'];
  const manifests = images.map((image, index) => ({
    ...image,
    platform: { os: 'linux', architecture: architectures[index] },
  }));
  const text = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  const index = await repository.putManifest(text, mediaTypes.index);
  await repository.setTags([tag], index);
  return index;
}

describe('a place', () => {
  it.each([
    ['stable', '"stable" is a container\'s name, and no place where containers lie'],
    [
      'docker://example.com/os:stable',
      'docker://example.com/os:stable names one container, and not all that lie there',
    ],
    [
      `oci:a@sha256:${'0'.repeat(64)}`,
      `oci:a@sha256:${'0'.repeat(64)} names one container, and not all that lie there`,
    ],
  ])('is not %s', async (text, message) => {
    await expect(placeNamed(nowhere, text)).rejects.toMatchObject({ code: 'PLACE_INVALID', exitStatus: 2, message });
  });

  it('is the work directory when none is named, and then there must be one', async () => {
    await expect(placeNamed(nowhere, undefined)).rejects.toMatchObject({ code: 'WORK_DIRECTORY_MISSING' });
  });
});

describe('list', () => {
  it('shows images with tests, those of an index too, and nothing that is kept for their sake', async () => {
    await passTests(await push('13.9'));
    const [amd64, arm64] = [await push('13.10', ['a']), await push('13.10', ['b'], 'arm64')];
    await pushIndex('13.10', [amd64, arm64]);
    await repository.setTags([`sha256-${digestHex(amd64.digest)}.sig`], arm64);
    const artifact = await attachArtifact(repository, amd64, { artifactType: 'text/plain', content: Buffer.from('x') });
    await repository.setTags(['notes'], artifact);
    const listed = await listContainers(session, await place());
    expect(listed.map((item) => [item.version, item.architecture, item.tags, item.tests.length])).toEqual([
      ['13.10', 'amd64', ['13.10'], 0],
      ['13.10', 'arm64', ['13.10', 'stable-candidate'], 0],
      ['13.9', 'amd64', ['13.9'], 1],
    ]);
  });

  it('shows nothing of a repository that is not there', async () => {
    expect(await listContainers(session, await place())).toEqual([]);
  });
});

describe('tag', () => {
  it('is set in the repository, and no blob moves', async () => {
    const { digest } = await push('13.1');
    registry.log.length = 0;
    await tagContainer(session, nowhere, `${reference}:13.1`, ['last-good']);
    expect(tags()).toMatchObject({ 'last-good': digest });
    expect(requestsOf(registry.log, { path: /\/blobs\// })).toEqual([]);
  });
});

describe('inspect', () => {
  it('shows what lies beside the container', async () => {
    const image = await push('13.1');
    await passTests(image);
    for (const artifactType of ['application/spdx+json', 'application/vnd.diskimage.qcow2']) {
      await attachArtifact(repository, image, { artifactType, content: Buffer.from(artifactType) });
    }
    expect(await inspectContainer(session, nowhere, `${reference}:13.1`)).toMatchObject({
      digest: image.digest,
      tags: ['13.1', 'stable-candidate'],
      tests: [{ suite: 'basic', passed: true }],
      sboms: [{ format: 'SPDX' }],
      diskImages: [{ type: 'qcow2' }],
      signatures: [],
      referrers: expect.objectContaining({ length: 3 }) as unknown,
    });
  });
});

describe('diff --download', () => {
  it('says from the manifests what an update costs', async () => {
    await push('13.1', ['kept', 'old']);
    await push('13.2', ['kept', 'new and longer', 'new']);
    registry.log.length = 0;
    const difference = await diffDownload(session, nowhere, `${reference}:13.1`, `${reference}:13.2`);
    expect(difference).toMatchObject({
      from: { version: '13.1' },
      to: { version: '13.2' },
      layers: { kept: 1, added: 2, removed: 1 },
      newLayers: [{ size: 14 }, { size: 3 }],
    });
    const bodies = requestsOf(registry.log, { method: 'GET', path: /\/blobs\// });
    // The two configs.
    expect(bodies).toHaveLength(2);
  });
});

describe('prune', () => {
  it('removes old builds with all that belongs to them, and keeps what another tag needs', async () => {
    const images = [];
    for (const version of ['13.1', '13.2', '13.3', '13.4']) images.push(await push(version));
    const [first, second] = images;
    if (first === undefined || second === undefined) throw new Error('nothing was pushed');
    const results = [await passTests(first), await passTests(second)];
    const signature = `sha256-${digestHex(first.digest)}.sig`;
    await repository.setTags([signature], await storeImage(repository, [Buffer.from('signature')]));
    await tagContainer(session, nowhere, `${reference}:13.2`, ['last-good']);
    const before = tags();

    expect(await pruneContainers(session, await place(), { keep: 2, dryRun: true })).toEqual({
      tags: ['13.1'],
      manifests: 3,
    });
    expect(tags()).toEqual(before);
    await pruneContainers(session, await place(), { keep: 2, dryRun: false });
    expect(Object.keys(tags())).toEqual(['13.2', '13.3', '13.4', 'last-good', 'stable-candidate']);
    expect(results.map(({ digest }) => registry.hasManifest(name, digest))).toEqual([false, true]);
  });

  it('removes an index and its images, but those that a newer one has too', async () => {
    const [shared, own] = [await push('13.1', ['a']), await push('13.1', ['b'], 'arm64')];
    await pushIndex('13.1', [shared, own]);
    const newer = await push('13.2', ['c']);
    await pushIndex('13.2', [newer, shared]);
    await pruneContainers(session, await place(), { keep: 1, dryRun: false });
    expect(Object.keys(tags())).toEqual(['13.2', 'stable-candidate']);
    expect([shared, own, newer].map(({ digest }) => registry.hasManifest(name, digest))).toEqual([true, false, true]);
  });

  it('says so when the registry deletes nothing', async () => {
    registry.behaviour.deletion = false;
    for (const version of ['13.1', '13.2']) await push(version);
    const before = tags();
    await expect(pruneContainers(session, await place(), { keep: 1, dryRun: false })).rejects.toMatchObject({
      code: 'DELETE_UNSUPPORTED',
      exitStatus: 1,
      message: expect.stringContaining(`${registry.host}/${name}`) as string,
    });
    expect(tags()).toEqual(before);
  });
});

describe('fsck', () => {
  it('reads everything that the tags reach', async () => {
    await passTests(await push('13.1', ['one', 'two']));
    expect(await checkContainers(session, await place())).toMatchObject({ problems: [], entries: 3, blobs: 7 });
  });

  it('reports what is damaged, and goes on', async () => {
    const image = await push('13.1', ['one', 'two']);
    registry.inject({ match: { method: 'GET', path: /\/blobs\// }, fault: { kind: 'resize', by: 1 }, times: Infinity });
    const { problems } = await checkContainers(session, await place());
    expect(problems.length).toBeGreaterThan(1);
    expect(JSON.stringify(problems)).toContain(registry.host);
    expect(problems.length).toBeLessThan(10);
    expect(image.digest).toBe(tags()['13.1']);
  });
});

describe('promote', () => {
  const stream = () => `${reference}:stable`;
  const run = (options: { stream?: string; from?: string; dryRun?: boolean } = {}) => {
    const { from, dryRun = false } = options;
    return promote(session, nowhere, { stream: options.stream ?? stream(), from, require: ['basic'], dryRun });
  };

  it.each([
    ['a whole reference', () => ({ stream: stream() })],
    ['a tag beside --from', () => ({ stream: 'stable', from: `${reference}:stable-candidate` })],
    ['a whole reference, for a version beside it', () => ({ stream: stream(), from: '13.1' })],
  ])('takes the stream as %s', async (_what, options) => {
    const image = await push('13.1');
    await passTests(image);
    expect(await run({ ...options(), dryRun: true })).toMatchObject({ moved: true, version: '13.1' });
    expect(tags().stable).toBeUndefined();
    expect(await run(options())).toEqual({
      stream: stream(),
      digest: image.digest,
      version: '13.1',
      previous: undefined,
      moved: true,
    });
    expect(tags().stable).toBe(image.digest);
    expect(await run(options())).toMatchObject({ moved: false, previous: image.digest });
  });

  it('refuses what was not tested, of an index each image', async () => {
    const [tested, untested] = [await push('13.1', ['a']), await push('13.1', ['b'], 'arm64')];
    await passTests(tested);
    const { digest } = await pushIndex('stable-candidate', [tested, untested]);
    await expect(run()).rejects.toMatchObject({
      code: 'TESTS_NOT_PASSED',
      exitStatus: 4,
      message: `${reference}:stable-candidate (${digest}) is not promoted to stable: linux/arm64: basic has not been run for it`,
    });
    await passTests(untested);
    expect(await run()).toMatchObject({ moved: true, digest });
  });

  it('refuses to point to what lies elsewhere, and a stream without a name', async () => {
    await push('13.1');
    const elsewhere = `docker://${registry.host}/other:stable`;
    await expect(run({ stream: elsewhere, from: `${reference}:13.1` })).rejects.toMatchObject({
      code: 'REFERENCE_ELSEWHERE',
      message: `${reference}:13.1 is not in docker://${registry.host}/other: a tag points to what lies beside it`,
    });
    await expect(run({ stream: reference })).rejects.toMatchObject({ code: 'TAG_INVALID', exitStatus: 2 });
  });

  it('sets exactly the digest that was tested, whatever becomes of its tag', async () => {
    const tested = await push('13.1');
    await passTests(tested);
    const newer = await push('13.2');
    registry.setTag(name, 'stable-candidate', tested.digest);
    registry.inject({
      match: { method: 'HEAD', path: /stable-candidate$/ },
      fault: { kind: 'move-tag', when: 'after', repository: name, tag: 'stable-candidate', to: newer.digest },
    });
    expect(await run()).toMatchObject({ digest: tested.digest });
    expect(tags()).toMatchObject({ stable: tested.digest, 'stable-candidate': newer.digest });
  });

  describe('when somebody else moves the stream', () => {
    const path = /manifests\/stable$/;
    const races: { when: string; conditional: boolean; at: Omit<Injection, 'fault'>; side: 'before' | 'after' }[] = [
      { when: 'after it was read', conditional: false, at: { match: { method: 'HEAD', path } }, side: 'after' },
      {
        when: 'before it is checked',
        conditional: false,
        at: { match: { method: 'HEAD', path }, skip: 1 },
        side: 'before',
      },
      {
        when: 'after it is checked',
        conditional: true,
        at: { match: { method: 'HEAD', path }, skip: 1 },
        side: 'after',
      },
      { when: 'before it is set', conditional: true, at: { match: { method: 'PUT', path } }, side: 'before' },
      { when: 'after it is set', conditional: false, at: { match: { method: 'PUT', path } }, side: 'after' },
      {
        when: 'after it is set, conditions or not',
        conditional: true,
        at: { match: { method: 'PUT', path } },
        side: 'after',
      },
    ];

    it.each(races)('$when (conditions: $conditional): they win, and we say so', async ({ conditional, at, side }) => {
      registry.behaviour.conditionalPut = conditional;
      const [old, theirs, ours] = [await push('13.1'), await push('13.2'), await push('13.3')];
      await passTests(ours);
      registry.setTag(name, 'stable', old.digest);
      registry.inject({
        ...at,
        fault: { kind: 'move-tag', when: side, repository: name, tag: 'stable', to: theirs.digest },
      });
      await expect(run()).rejects.toMatchObject({
        code: 'TAG_MOVED',
        exitStatus: 4,
        message: `${stream()} was moved by somebody else meanwhile, to ${theirs.digest} (version 13.2): ${ours.digest} is not promoted`,
      });
      expect(tags().stable).toBe(theirs.digest);
    });

    it('before it was read: then we come after them', async () => {
      const [theirs, ours] = [await push('13.2'), await push('13.3')];
      await passTests(ours);
      registry.inject({
        match: { method: 'HEAD', path },
        fault: { kind: 'move-tag', when: 'before', repository: name, tag: 'stable', to: theirs.digest },
      });
      expect(await run()).toMatchObject({ previous: theirs.digest, moved: true });
    });
  });
});
