import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { promote } from '../../../src/flows/containers/promote.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Injection } from '../../../src/oci/registry/testing/faults.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { openStreamScene, passTests, push, pushIndex, repositoryName, type StreamScene } from './support.ts';

// Promotion on a registry: with no work directory anywhere.
const session = silentSession();

let scene: StreamScene;
beforeEach(async () => {
  scene = await openStreamScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const tags = () => Object.fromEntries(scene.registry.tags(repositoryName));

describe('promote', () => {
  const stream = () => `${scene.reference}:stable`;
  const run = (options: { stream?: string; from?: string; dryRun?: boolean } = {}) => {
    const { from, dryRun = false } = options;
    return promote(session, scene.nowhere, { stream: options.stream ?? stream(), from, require: ['basic'], dryRun });
  };

  it.each([
    ['a whole reference', () => ({ stream: stream() })],
    ['a tag beside --from', () => ({ stream: 'stable', from: `${scene.reference}:stable-candidate` })],
    ['a whole reference, for a version beside it', () => ({ stream: stream(), from: '13.1' })],
  ])('takes the stream as %s', async (_what, options) => {
    const image = await push(scene, '13.1');
    await passTests(scene, image);
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
    const [tested, untested] = [await push(scene, '13.1', ['a']), await push(scene, '13.1', ['b'], 'arm64')];
    await passTests(scene, tested);
    const { digest } = await pushIndex(scene, 'stable-candidate', [tested, untested]);
    await expect(run()).rejects.toMatchObject({
      code: 'TESTS_NOT_PASSED',
      exitStatus: 4,
      message: `${scene.reference}:stable-candidate (${digest}) is not promoted to stable: linux/arm64: basic has not been run for it`,
    });
    await passTests(scene, untested);
    expect(await run()).toMatchObject({ moved: true, digest });
  });

  it('takes for an image whatever an index offers to machines, and asks for its tests', async () => {
    const [tested, untested] = [await push(scene, '13.1', ['a']), await push(scene, '13.1', ['b'], 'arm64')];
    await passTests(scene, tested);
    await pushIndex(scene, 'stable-candidate', [tested, { ...untested, artifactType: 'application/example' }]);
    await expect(run()).rejects.toMatchObject({ code: 'TESTS_NOT_PASSED', exitStatus: 4 });
  });

  it('refuses an index without images: there is nothing that tests could have passed', async () => {
    const { digest } = await pushIndex(scene, 'stable-candidate', []);
    await expect(run()).rejects.toMatchObject({
      code: 'NOT_AN_IMAGE',
      exitStatus: 4,
      message: `${scene.reference}:stable-candidate (${digest}) holds no image that could be promoted`,
    });
    expect(tags().stable).toBeUndefined();
  });

  it('refuses to point to what lies elsewhere, and a stream without a name', async () => {
    await push(scene, '13.1');
    const elsewhere = `docker://${scene.registry.host}/other:stable`;
    await expect(run({ stream: elsewhere, from: `${scene.reference}:13.1` })).rejects.toMatchObject({
      code: 'REFERENCE_ELSEWHERE',
      message: `${scene.reference}:13.1 is not in docker://${scene.registry.host}/other: a tag points to what lies beside it`,
    });
    await expect(run({ stream: scene.reference })).rejects.toMatchObject({ code: 'TAG_INVALID', exitStatus: 2 });
  });

  it('sets exactly the digest that was tested, whatever becomes of its tag', async () => {
    const tested = await push(scene, '13.1');
    await passTests(scene, tested);
    const newer = await push(scene, '13.2');
    scene.registry.setTag(repositoryName, 'stable-candidate', tested.digest);
    scene.registry.inject({
      match: { method: 'HEAD', path: /stable-candidate$/ },
      fault: { kind: 'move-tag', when: 'after', repository: repositoryName, tag: 'stable-candidate', to: newer.digest },
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
      scene.registry.behaviour.conditionalPut = conditional;
      const [old, theirs, ours] = [await push(scene, '13.1'), await push(scene, '13.2'), await push(scene, '13.3')];
      await passTests(scene, ours);
      scene.registry.setTag(repositoryName, 'stable', old.digest);
      scene.registry.inject({
        ...at,
        fault: { kind: 'move-tag', when: side, repository: repositoryName, tag: 'stable', to: theirs.digest },
      });
      await expect(run()).rejects.toMatchObject({
        code: 'TAG_MOVED',
        exitStatus: 4,
        message: `${stream()} was moved by somebody else meanwhile, to ${theirs.digest} (version 13.2): ${ours.digest} is not promoted`,
      });
      expect(tags().stable).toBe(theirs.digest);
    });

    it('before it was read: then we come after them', async () => {
      const [theirs, ours] = [await push(scene, '13.2'), await push(scene, '13.3')];
      await passTests(scene, ours);
      scene.registry.inject({
        match: { method: 'HEAD', path },
        fault: { kind: 'move-tag', when: 'before', repository: repositoryName, tag: 'stable', to: theirs.digest },
      });
      expect(await run()).toMatchObject({ previous: theirs.digest, moved: true });
    });
  });
});

describe('promoters of one layout', () => {
  it('win one after the other, each knowing whom it follows; the others are told who has won', async () => {
    const layout = join(scene.nowhere, 'oci');
    const versions = ['13.0', '13.1', '13.2', '13.3', '13.4', '13.5'];
    await using store = await openLayoutForWriting(layout);
    for (const version of versions) {
      const image = await storeImage(store, [], { 'org.opencontainers.image.version': version });
      await store.setTags([version], image);
    }
    const outcomes = await Promise.allSettled(
      versions.map((version) => {
        const options = { stream: 'stable', from: `oci:${layout}:${version}`, require: [], dryRun: false };
        return promote(silentSession(), scene.nowhere, options);
      }),
    );
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    for (const error of lost) {
      expect(error).toMatchObject({
        code: 'TAG_MOVED',
        exitStatus: 4,
        message: expect.stringMatching(
          /:stable was moved by somebody else meanwhile, to sha256:.* \(version 13\.\d\)/,
        ) as string,
      });
    }
    // A chain: nobody has overwritten what they did not know of.
    const followed = won.map(({ previous }) => previous);
    expect(new Set(followed).size).toBe(won.length);
    const last = won.filter(({ digest }) => !followed.includes(digest)).map(({ digest }) => digest);
    expect(last).toEqual([(await store.resolveTag('stable'))?.digest]);
  });
});
