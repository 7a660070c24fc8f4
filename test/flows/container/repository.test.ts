import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffDownload } from '../../../src/flows/container/diff/download.ts';
import { checkContainers } from '../../../src/flows/container/fsck.ts';
import { inspectReference } from '../../../src/flows/container/inspect.ts';
import { listContainers } from '../../../src/flows/container/list.ts';
import { pruneContainers } from '../../../src/flows/container/prune.ts';
import { tagContainer } from '../../../src/flows/container/tag.ts';
import { digestHex } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { isMachineryTag } from '../../../src/oci/tag.ts';
import { placeNamed } from '../../../src/workspace/place.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { openStreamScene, passTests, push, pushIndex, repositoryName, type StreamScene } from './support.ts';

// The commands that look after containers, on a registry: with no work directory anywhere.
const session = silentSession();

let scene: StreamScene;
beforeEach(async () => {
  scene = await openStreamScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const tags = () => Object.fromEntries(scene.registry.tags(repositoryName));
const place = () => placeNamed(scene.nowhere, scene.reference);

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
    await expect(placeNamed(scene.nowhere, text)).rejects.toMatchObject({
      code: 'PLACE_INVALID',
      exitStatus: 2,
      message,
    });
  });

  it('is the work directory when none is named, and then there must be one', async () => {
    await expect(placeNamed(scene.nowhere, undefined)).rejects.toMatchObject({ code: 'WORK_DIRECTORY_MISSING' });
  });
});

describe('list', () => {
  it('shows images with tests, those of an index too, and nothing that is kept for their sake', async () => {
    await passTests(scene, await push(scene, '13.9'));
    const [amd64, arm64] = [await push(scene, '13.10', ['a']), await push(scene, '13.10', ['b'], 'arm64')];
    await pushIndex(scene, '13.10', [amd64, arm64]);
    await scene.repository.setTags([`sha256-${digestHex(amd64.digest)}.sig`], arm64);
    const artifact = await attachArtifact(scene.repository, amd64, {
      artifactType: 'text/plain',
      content: Buffer.from('x'),
    });
    await scene.repository.setTags(['notes'], artifact);
    const { containers, others } = await listContainers(session, await place());
    expect(
      containers.map((item) => [item.version, item.architecture, item.tags, item.tests.length, item.signed]),
    ).toEqual([
      ['13.10', 'amd64', ['13.10'], 0, true],
      ['13.10', 'arm64', ['13.10', 'stable-candidate'], 0, false],
      ['13.9', 'amd64', ['13.9'], 1, false],
    ]);
    expect(others).toEqual([{ tags: ['notes'], digest: artifact.digest, what: 'an artifact of type text/plain' }]);
  });

  it('says that a repository is not there: a mistyped name must not look like an empty one', async () => {
    const missing = {
      code: 'REPOSITORY_MISSING',
      exitStatus: 2,
      message: `${scene.reference} does not exist, or has no tag`,
    };
    await expect(listContainers(session, await place())).rejects.toMatchObject(missing);
    await expect(checkContainers(session, await place())).rejects.toMatchObject(missing);
  });
});

describe('tag', () => {
  it('is set in the repository, and no blob moves', async () => {
    const { digest } = await push(scene, '13.1');
    scene.registry.log.length = 0;
    await tagContainer(session, scene.nowhere, `${scene.reference}:13.1`, ['last-good']);
    expect(tags()).toMatchObject({ 'last-good': digest });
    expect(requestsOf(scene.registry.log, { path: /\/blobs\// })).toEqual([]);
  });
});

describe('inspect', () => {
  it('shows what lies beside the container', async () => {
    const image = await push(scene, '13.1');
    await passTests(scene, image);
    for (const artifactType of ['application/spdx+json', 'application/vnd.diskimage.qcow2']) {
      await attachArtifact(scene.repository, image, { artifactType, content: Buffer.from(artifactType) });
    }
    expect(await inspectReference(session, scene.nowhere, `${scene.reference}:13.1`)).toMatchObject({
      digest: image.digest,
      tags: ['13.1', 'stable-candidate'],
      tests: [{ suite: 'basic', passed: true }],
      sboms: [{ format: 'SPDX' }],
      diskImages: [{ format: 'qcow2', size: undefined }],
      signatures: [],
      referrers: expect.objectContaining({ length: 3 }) as unknown,
    });
  });
});

describe('diff --download', () => {
  it('says from the manifests what an update costs', async () => {
    await push(scene, '13.1', ['kept', 'old']);
    await push(scene, '13.2', ['kept', 'new and longer', 'new']);
    scene.registry.log.length = 0;
    const difference = await diffDownload(session, scene.nowhere, `${scene.reference}:13.1`, `${scene.reference}:13.2`);
    expect(difference).toMatchObject({
      from: { version: '13.1' },
      to: { version: '13.2' },
      layers: { kept: 1, added: 2, removed: 1 },
      newLayers: [{ size: 14 }, { size: 3 }],
    });
    const bodies = requestsOf(scene.registry.log, { method: 'GET', path: /\/blobs\// });
    // The two configs.
    expect(bodies).toHaveLength(2);
  });
});

describe('prune', () => {
  it.each([true, false])(
    'removes old builds with all that belongs to them (referrers API: %s)',
    async (referrersApi) => {
      scene.registry.behaviour.referrersApi = referrersApi;
      const images = [];
      for (const version of ['13.1', '13.2', '13.3', '13.4']) images.push(await push(scene, version));
      const [first, second] = images;
      if (first === undefined || second === undefined) throw new Error('nothing was pushed');
      const results = [await passTests(scene, first), await passTests(scene, second)];
      const signature = `sha256-${digestHex(first.digest)}.sig`;
      await scene.repository.setTags([signature], await storeImage(scene.repository, [Buffer.from('signature')]));
      await tagContainer(session, scene.nowhere, `${scene.reference}:13.2`, ['last-good']);
      const before = tags();
      const kept = ['13.2', '13.3', '13.4', 'last-good', 'stable-candidate'];

      expect(await pruneContainers(session, await place(), { keep: 2, dryRun: true })).toEqual({
        tags: ['13.1'],
        manifests: referrersApi ? 3 : 4,
      });
      expect(tags()).toEqual(before);
      await pruneContainers(session, await place(), { keep: 2, dryRun: false });
      expect(Object.keys(tags()).filter((tag) => !isMachineryTag(tag))).toEqual(kept);
      expect(Object.keys(tags()).filter((tag) => tag.startsWith(`sha256-${digestHex(first.digest)}`))).toEqual([]);
      expect(results.map(({ digest }) => scene.registry.hasManifest(repositoryName, digest))).toEqual([false, true]);
    },
  );

  it('removes an index and its images, but those that a newer one has too', async () => {
    const [shared, own] = [await push(scene, '13.1', ['a']), await push(scene, '13.1', ['b'], 'arm64')];
    await pushIndex(scene, '13.1', [shared, own]);
    const newer = await push(scene, '13.2', ['c']);
    await pushIndex(scene, '13.2', [newer, shared]);
    await pruneContainers(session, await place(), { keep: 1, dryRun: false });
    expect(Object.keys(tags())).toEqual(['13.2', 'stable-candidate']);
    expect([shared, own, newer].map(({ digest }) => scene.registry.hasManifest(repositoryName, digest))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('says so when the registry deletes nothing', async () => {
    scene.registry.behaviour.deletion = false;
    for (const version of ['13.1', '13.2']) await push(scene, version);
    const before = tags();
    await expect(pruneContainers(session, await place(), { keep: 1, dryRun: false })).rejects.toMatchObject({
      code: 'DELETE_UNSUPPORTED',
      exitStatus: 1,
      message: expect.stringContaining(`${scene.registry.host}/${repositoryName}`) as string,
    });
    expect(tags()).toEqual(before);
  });
});

describe('fsck', () => {
  it('reads everything that the tags reach', async () => {
    await passTests(scene, await push(scene, '13.1', ['one', 'two']));
    expect(await checkContainers(session, await place())).toMatchObject({ problems: [], entries: 3, blobs: 7 });
  });

  it('reports what is damaged, and goes on', async () => {
    const image = await push(scene, '13.1', ['one', 'two']);
    scene.registry.inject({
      match: { method: 'GET', path: /\/blobs\// },
      fault: { kind: 'resize', by: 1 },
      times: Infinity,
    });
    const { problems } = await checkContainers(session, await place());
    expect(problems.length).toBeGreaterThan(1);
    expect(JSON.stringify(problems)).toContain(scene.registry.host);
    expect(problems.length).toBeLessThan(10);
    expect(image.digest).toBe(tags()['13.1']);
  });
});

describe('a repository with odd things in it', () => {
  /** A tag where the list of referrers should be, a test result that is none, an image with too many layers. */
  async function makeOdd() {
    scene.registry.behaviour.referrersApi = false;
    const images = [await push(scene, '13.1'), await push(scene, '13.2')];
    const [first] = images;
    if (first === undefined) throw new Error('nothing was pushed');
    await scene.repository.setTags([`sha256-${digestHex(first.digest)}`], images[1] ?? first);
    const layers = Array.from({ length: 501 }, () => Buffer.from('the same'));
    const large = await storeImage(scene.repository, layers);
    await scene.repository.setTags(['large'], large);
    return { first, large };
  }

  it('is listed, with what cannot be read', async () => {
    const { large } = await makeOdd();
    const { containers, others } = await listContainers(session, await place());
    expect(containers.map(({ version }) => version)).toEqual(['13.2', '13.1']);
    expect(others).toMatchObject([
      {
        tags: ['large'],
        digest: large.digest,
        what: expect.stringMatching(/^cannot be read: manifest .*<=500 items$/),
      },
    ]);
  });

  it('is inspected, checked and pruned', async () => {
    const { first, large } = await makeOdd();
    expect(await inspectReference(session, scene.nowhere, `${scene.reference}:13.1`)).toMatchObject({ tests: [] });
    const { problems } = await checkContainers(session, await place());
    expect(problems.map(({ code }) => code)).toEqual(['MANIFEST_INVALID']);
    await pruneContainers(session, await place(), { keep: 1, dryRun: false });
    expect(scene.registry.hasManifest(repositoryName, first.digest)).toBe(false);
    expect(tags()).toMatchObject({ large: large.digest });
  });
});
