import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushContainer } from '../../../src/flows/container/push.ts';
import { tagContainer } from '../../../src/flows/container/tag.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { silentSession } from '../../helpers/session.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { build, openScene, repositoryName, type Scene } from './transfer/support.ts';

const session = silentSession();

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

function push(destination: string, options: { from?: string; referrers?: boolean } = {}) {
  const { from, referrers = true } = options;
  return pushContainer(session, scene.work.root, { destination, from, referrers });
}

const tags = () => Object.fromEntries(scene.registry.tags(repositoryName));

describe('pushContainer', () => {
  it('offers the newest build under its version and as candidate', async () => {
    const { digest } = await build(scene.work, '13.1', ['one', 'two']);
    const pushed = await push(scene.repository);
    expect(pushed).toEqual({
      destination: scene.repository,
      digest,
      tags: ['13.1', 'testing-candidate'],
      moved: ['13.1', 'testing-candidate'],
      blobs: { sent: 3, mounted: 0, present: 0 },
      bytes: expect.any(Number) as number,
      leftOut: [],
      diskImagesLeft: 0,
    });
    expect(tags()).toEqual({ '13.1': digest, 'testing-candidate': digest });
  });

  it('keeps only those of its own tags that point to it', async () => {
    const { digest } = await build(scene.work, '13.1', ['one']);
    await build(scene.work, '13.2', ['two']);
    await tagContainer(session, scene.work.root, '13.1', ['testing']);
    expect((await push(scene.repository, { from: '13.1' })).tags).toEqual(['13.1']);
    expect(tags()).toEqual({ '13.1': digest });
  });

  it('sets just the tag that is named', async () => {
    const { digest } = await build(scene.work, '13.1', ['one']);
    await push(`${scene.repository}:mine`);
    expect(tags()).toEqual({ mine: digest });
  });

  it('sends only what is missing, and asks about nothing that the old candidate tells', async () => {
    await build(scene.work, '13.1', ['one', 'two', 'three']);
    await push(scene.repository);
    await build(scene.work, '13.2', ['one', 'two', 'new']);
    const { log } = scene.registry;
    log.length = 0;
    expect((await push(scene.repository)).blobs).toEqual({ sent: 2, mounted: 0, present: 2 });
    expect(requestsOf(log, { method: 'HEAD', path: /\/blobs\// })).toHaveLength(2);
    expect(requestsOf(log, { method: 'PUT', path: /\/manifests\// }).map(({ path }) => path.split('/').at(-1))).toEqual(
      [expect.stringMatching(/^sha256:/), '13.2', 'testing-candidate'],
    );
  });

  it('asks about each tag, and nothing else, if there is nothing to do', async () => {
    await build(scene.work, '13.1', ['one']);
    await push(scene.repository);
    const { log } = scene.registry;
    log.length = 0;
    expect((await push(scene.repository)).moved).toEqual([]);
    expect(log.map(({ method, path }) => [method, path.split('/').at(-1)])).toEqual([
      ['HEAD', '13.1'],
      ['HEAD', 'testing-candidate'],
    ]);
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('takes along what refers to the build, or leaves it: %s', async (referrers, count) => {
    const image = await build(scene.work, '13.1', ['one']);
    await using store = await openLayoutForWriting(scene.work.oci);
    await attachArtifact(store, image, { artifactType: 'application/x', content: Buffer.from('result') });
    await push(scene.repository, { referrers });
    const { host } = scene.registry;
    const repository = await session.registries.repository(host, repositoryName);
    expect(await repository.referrers(image.digest)).toHaveLength(count);
  });

  it('brings a test result that came later', async () => {
    const image = await build(scene.work, '13.1', ['one']);
    await push(scene.repository);
    await using store = await openLayoutForWriting(scene.work.oci);
    const result = await attachArtifact(store, image, { artifactType: 'application/x', content: Buffer.from('r') });
    expect(await push(scene.repository)).toMatchObject({ moved: [], blobs: { sent: 2 } });
    expect(scene.registry.hasManifest(repositoryName, result.digest)).toBe(true);
  });

  it('sends again what the registry has lost of an older build', async () => {
    await build(scene.work, '13.1', ['one', 'two']);
    await push(scene.repository);
    const lost = `${scene.registry.address}/v2/${repositoryName}/blobs/${digestOf('one')}`;
    expect((await fetch(lost, { method: 'DELETE' })).status).toBe(202);
    const { digest } = await build(scene.work, '13.2', ['one', 'two', 'new']);
    expect(await push(scene.repository)).toMatchObject({
      moved: ['13.2', 'testing-candidate'],
      blobs: { sent: 3, mounted: 0, present: 1 },
    });
    expect(scene.registry.hasBlob(repositoryName, digestOf('one'))).toBe(true);
    expect(tags()['testing-candidate']).toBe(digest);
  });

  it('sets no tag when a blob cannot be sent', async () => {
    await build(scene.work, '13.1', ['one', 'two', 'three']);
    scene.registry.inject({
      match: { method: 'PUT', path: /\/blobs\/uploads\// },
      fault: { kind: 'status', status: 403, code: 'DENIED' },
      times: Number.POSITIVE_INFINITY,
    });
    await expect(push(scene.repository)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(tags()).toEqual({});
    expect(scene.registry.openUploads()).toBe(0);
  });
});

describe('bad input', () => {
  it.each([
    [
      `@sha256:${'0'.repeat(64)}`,
      'DESTINATION_DIGEST',
      `REPO@sha256:${'0'.repeat(64)} names a digest: a digest follows from the content, it is not chosen`,
      'name a tag: REPO:TAG',
    ],
    [
      ':-x',
      'REFERENCE_INVALID',
      'reference "REPO:-x": "-x" is not a tag: letters, digits, "_", "." and "-", at most 128',
      undefined,
    ],
  ])('refuses the destination %s', async (selector, code, message, hint) => {
    await build(scene.work, '13.1', ['one']);
    await expect(push(`${scene.repository}${selector}`)).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message: message.replaceAll('REPO', scene.repository),
      ...(hint === undefined ? {} : { hint: hint.replaceAll('REPO', scene.repository) }),
    });
  });

  it('asks for a tag where the build has none of its own', async () => {
    await build(scene.work, '13.1', ['one']);
    await tagContainer(session, scene.work.root, '13.1', ['x']);
    await build(scene.work, '13.1', ['two']);
    await expect(push(scene.repository, { from: 'x' })).rejects.toMatchObject({
      code: 'DESTINATION_TAG',
      exitStatus: 2,
      message: `${scene.repository}: no tag is named, and x has neither its version nor its stream's candidate as a tag`,
      hint: `name one: ${scene.repository}:TAG`,
    });
  });

  it('says that there is nothing to push', async () => {
    await expect(push(scene.repository)).rejects.toMatchObject({ code: 'NO_BUILD', exitStatus: 2 });
  });
});
