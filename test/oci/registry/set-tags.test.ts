import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../src/lib/digest.ts';
import { storeImage } from '../../helpers/image.ts';
import { descriptorOf, openTestingRepository, repositoryName } from '../../helpers/repositories.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import type { TestingRegistryOptions } from '../../helpers/testing-registry.ts';

/** A repository with three images; `stable` points to the first. */
async function openWithImages(options: TestingRegistryOptions = {}) {
  const scene = await openTestingRepository(options);
  const image = (version: string) => storeImage(scene.repository, [], { 'org.opencontainers.image.version': version });
  const [one, two, three] = [await image('41.1'), await image('41.2'), await image('41.3')];
  await scene.repository.setTags(['stable'], one);
  scene.registry.log.length = 0;
  return { ...scene, one, two, three };
}

const expecting = (digest: Digest | undefined) => new Map([['stable', digest]]);

describe.each([true, false])('tags, with conditions honoured: %s', (conditionalPut) => {
  const options = { behaviour: { conditionalPut } };

  it('move from where they are expected', async () => {
    await using scene = await openWithImages(options);
    await scene.repository.setTags(['stable'], scene.two, expecting(scene.one.digest));
    expect(scene.registry.tags(repositoryName).get('stable')).toBe(scene.two.digest);
    expect(scene.registry.log.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'HEAD']);
    expect(scene.registry.log[1]?.headers['if-match']).toBe(`"${scene.one.digest}"`);
  });

  it('are made where none is expected', async () => {
    await using scene = await openWithImages(options);
    await scene.repository.setTags(['new'], scene.two, new Map([['new', undefined]]));
    expect(requestsOf(scene.registry.log, { method: 'PUT' })[0]?.headers['if-none-match']).toBe('*');
  });

  it('stay when they have moved before, and it is told to what', async () => {
    await using scene = await openWithImages(options);
    scene.registry.setTag(repositoryName, 'stable', scene.three.digest);
    await expect(scene.repository.setTags(['stable'], scene.two, expecting(scene.one.digest))).rejects.toMatchObject({
      code: 'TAG_MOVED',
      exitStatus: 4,
      message: `the tag "stable" of ${scene.where} points to ${scene.three.digest} (version 41.3), not to ${scene.one.digest} any more: somebody else moved it`,
    });
    expect(scene.registry.tags(repositoryName).get('stable')).toBe(scene.three.digest);
    expect(requestsOf(scene.registry.log, { method: 'PUT' })).toEqual([]);
  });

  it('stay when another tag that is looked at has moved', async () => {
    await using scene = await openWithImages(options);
    await expect(scene.repository.setTags(['other'], scene.two, expecting(undefined))).rejects.toMatchObject({
      message: `the tag "stable" of ${scene.where} points to ${scene.one.digest} (version 41.1), not to nothing any more: somebody else moved it`,
    });
    expect([...scene.registry.tags(repositoryName).keys()]).toEqual(['stable']);
  });

  it.each(['before', 'after'] as const)('are not believed when somebody moves them directly %s', async (when) => {
    await using scene = await openWithImages(options);
    const { registry, one, two, three } = scene;
    const move = { kind: 'move-tag', when, repository: repositoryName, tag: 'stable', to: three.digest } as const;
    registry.inject({ match: { method: 'PUT' }, fault: move });
    const outcome = scene.repository.setTags(['stable'], two, expecting(one.digest));
    // Without conditions nobody can tell that the tag was elsewhere for a moment.
    if (when === 'before' && !conditionalPut) await outcome;
    else await expect(outcome).rejects.toMatchObject({ code: 'TAG_MOVED', message: expect.stringContaining('41.3') });
  });

  it('are ours when only the answer was lost', async () => {
    await using scene = await openWithImages(options);
    scene.registry.inject({ match: { method: 'PUT' }, fault: { kind: 'status', status: 502, done: true } });
    await scene.repository.setTags(['stable'], scene.two, expecting(scene.one.digest));
    expect(scene.registry.tags(repositoryName).get('stable')).toBe(scene.two.digest);
  });
});

it('of two who move a tag at once, one wins and the other is told', async () => {
  await using scene = await openWithImages();
  const { one, two, three } = scene;
  const outcomes = await Promise.allSettled(
    [two, three].map((image) => scene.open().setTags(['stable'], image, expecting(one.digest))),
  );
  const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
  expect(scene.registry.tags(repositoryName).get('stable')).toBe([two, three][winner]?.digest);
  expect(outcomes[1 - winner]).toMatchObject({ status: 'rejected', reason: { code: 'TAG_MOVED', exitStatus: 4 } });
});

it('says so when the tag has been removed', async () => {
  await using scene = await openWithImages();
  await expect(
    scene.repository.setTags(['gone'], scene.two, new Map([['gone', scene.one.digest]])),
  ).rejects.toMatchObject({
    message: `the tag "gone" of ${scene.where} points to nothing, not to ${scene.one.digest} any more: somebody else moved it`,
  });
});

it('moves a tag without looking when nothing is expected', async () => {
  await using scene = await openWithImages();
  await scene.repository.setTags(['stable', 'other'], scene.two);
  expect(scene.registry.log.map(({ method }) => method)).toEqual(['PUT', 'PUT']);
});

it('refuses what is no tag, and what is not stored, before anything moves', async () => {
  await using scene = await openWithImages();
  await expect(scene.repository.setTags(['stable', 'a/b'], scene.two)).rejects.toMatchObject({
    code: 'TAG_INVALID',
    exitStatus: 2,
  });
  const absent = descriptorOf('absent', scene.two.mediaType);
  await expect(scene.repository.setTags(['stable'], absent)).rejects.toMatchObject({
    code: 'BLOB_MISSING',
    exitStatus: 4,
  });
  expect(scene.registry.tags(repositoryName).get('stable')).toBe(scene.one.digest);
});
