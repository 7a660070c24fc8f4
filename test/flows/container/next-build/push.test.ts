import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushBuild } from '../../../../src/flows/container/next-build/push.ts';
import { attachArtifact } from '../../../../src/oci/artifact.ts';
import { imageEntries, readImage } from '../../../../src/oci/image.ts';
import { openLayout, openLayoutForWriting } from '../../../../src/oci/layout.ts';
import type { Descriptor } from '../../../../src/oci/types.ts';
import { parseDestination } from '../../../../src/workspace/transfer/destination.ts';
import { placeOf } from '../../../helpers/place.ts';
import { silentSession } from '../../../helpers/session.ts';
import { build, openScene, repositoryName, type Scene } from '../transfer/support.ts';

const session = silentSession();

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

async function push(descriptor: Descriptor, tag = '', force = false) {
  const reader = await openLayout(scene.work.oci);
  const from = { place: placeOf(`oci:${scene.work.oci}`), reader, descriptor };
  const to = parseDestination(`${scene.repository}${tag}`, scene.work.root);
  const image = await readImage(reader, descriptor);
  return pushBuild(session, { from, image, to, tags: ['13.1', 'testing-candidate'], force });
}

describe('pushBuild', () => {
  it('brings a build with its list of packages, under its own tags', async () => {
    const image = await build(scene.work, '13.1', ['one', 'two']);
    await using store = await openLayoutForWriting(scene.work.oci);
    const content = Buffer.from('packages');
    const sbom = await attachArtifact(store, image, { artifactType: 'application/spdx+json', content });
    expect(await push(image)).toMatchObject({
      destination: scene.repository,
      tags: ['13.1', 'testing-candidate'],
      moved: true,
    });
    const { digest } = image;
    expect(Object.fromEntries(scene.registry.tags(repositoryName))).toEqual({
      '13.1': digest,
      'testing-candidate': digest,
    });
    expect(scene.registry.hasManifest(repositoryName, sbom.digest)).toBe(true);
  });

  it('sets the tag of the reference alone, if it has one', async () => {
    const { digest } = await build(scene.work, '13.1', ['one']);
    expect(await push({ ...(await build(scene.work, '13.1', ['one'])) }, ':mine')).toMatchObject({ tags: ['mine'] });
    expect(Object.fromEntries(scene.registry.tags(repositoryName))).toEqual({ mine: digest });
  });

  it('leaves a version to the container that has it there already, unless told otherwise', async () => {
    const first = await build(scene.work, '13.1', ['one']);
    await push(first);
    const second = await build(scene.work, '13.1', ['two']);
    await expect(push(second)).rejects.toMatchObject({
      code: 'TAG_MOVED',
      exitStatus: 4,
      message: `${scene.repository}:13.1 is another container, ${first.digest}: a version is given once`,
      hint: 'build it anew under a version of its own, or replace the other with --force',
    });
    expect(new Set(scene.registry.tags(repositoryName).values())).toEqual(new Set([first.digest]));
    await push(second, '', true);
    expect(new Set(scene.registry.tags(repositoryName).values())).toEqual(new Set([second.digest]));
  });

  it('leaves a version to the build that came first, however close they are', async () => {
    const builds = [await build(scene.work, '13.1', ['one']), await build(scene.work, '13.1', ['two'])];
    const results = await Promise.allSettled(builds.map((image) => push(image)));
    const won = builds.filter((_, index) => results[index]?.status === 'fulfilled');
    const lost = results.filter(({ status }) => status === 'rejected');
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatchObject({ reason: { code: 'TAG_MOVED' } });
    expect(scene.registry.tags(repositoryName).get('13.1')).toBe(won[0]?.digest);
  });

  it('takes no tag from builds for other architectures', async () => {
    const arm = await build(scene.work, '13.1', ['one'], { architecture: 'arm64' });
    await push(arm);
    const amd = await build(scene.work, '13.1', ['one']);
    expect(await push(amd)).toMatchObject({ moved: true });
    const tags = scene.registry.tags(repositoryName);
    expect(tags.get('13.1')).toBe(tags.get('testing-candidate'));
    const repository = await session.registries.repository(scene.registry.host, repositoryName);
    const index = await repository.resolveTag('13.1');
    const offered = index === undefined ? [] : await imageEntries(repository, index);
    expect(offered.map(({ digest, platform }) => [platform?.architecture, digest])).toEqual([
      ['amd64', amd.digest],
      ['arm64', arm.digest],
    ]);
    expect(await push(amd)).toMatchObject({ moved: false, bytes: 0 });
    await expect(push(await build(scene.work, '13.1', ['two']))).rejects.toMatchObject({ code: 'TAG_MOVED' });
  });

  it('shares its tags with a build for another architecture that is pushed at the same time', async () => {
    const builds = [
      await build(scene.work, '13.1', ['one'], { architecture: 'arm64' }),
      await build(scene.work, '13.1', ['one']),
    ];
    await Promise.all(builds.map((image) => push(image)));
    const repository = await session.registries.repository(scene.registry.host, repositoryName);
    for (const tag of ['13.1', 'testing-candidate']) {
      const index = await repository.resolveTag(tag);
      const offered = index === undefined ? [] : await imageEntries(repository, index);
      expect(offered.map(({ digest }) => digest).sort()).toEqual(builds.map(({ digest }) => digest).sort());
    }
  });

  it('asks one question when the tag points there already', async () => {
    const image = await build(scene.work, '13.1', ['one']);
    await push(image);
    scene.registry.log.length = 0;
    expect(await push(image)).toEqual({
      destination: scene.repository,
      tags: ['13.1', 'testing-candidate'],
      moved: false,
      bytes: 0,
    });
    expect(scene.registry.log.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `HEAD /v2/${repositoryName}/manifests/testing-candidate`,
    ]);
  });
});
