import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CopyOptions, copyContainers } from '../../../../src/flows/container/copy.ts';
import { openArchive } from '../../../../src/oci/archive.ts';
import { attachArtifact } from '../../../../src/oci/artifact.ts';
import { openLayout, openLayoutForWriting } from '../../../../src/oci/layout.ts';
import { silentSession } from '../../../helpers/session.ts';
import { build, openScene, type Scene } from './support.ts';

const session = silentSession();

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

function copy(source: string, destination: string, options: Partial<CopyOptions> = {}) {
  const defaults = { source, destination, all: false, platform: undefined, dryRun: false };
  return copyContainers(session, scene.work.root, { ...defaults, ...options });
}

it('crosses an air gap in an archive, with what refers to it', async () => {
  const { digest } = await build(scene.work, '13.1', ['one', 'two']);
  const test = { artifactType: 'application/test', content: Buffer.from('passed') };
  {
    await using store = await openLayoutForWriting(scene.work.oci);
    const image = await store.resolveTag('13.1');
    if (image === undefined) throw new Error('the build has no tag');
    await attachArtifact(store, image, test);
  }
  await copy('13.1', scene.repository, { all: true });
  await copy(`${scene.repository}:13.1`, 'oci-archive:gap.tar', { all: true });
  const archive = await openArchive(join(scene.work.root, 'gap.tar'));
  expect((await archive.resolveTag('13.1'))?.digest).toBe(digest);
  expect(await archive.referrers(digest, test.artifactType)).toHaveLength(1);

  await copy('oci-archive:gap.tar:13.1', `docker://${scene.registry.host}/behind/gap:13.1`, { all: true });
  expect(scene.registry.tags('behind/gap').get('13.1')).toBe(digest);
  await copy(`docker://${scene.registry.host}/behind/gap:13.1`, 'oci:behind', { all: true });
  const behind = await openLayout(join(scene.work.root, 'behind'));
  expect(await behind.referrers(digest, test.artifactType)).toHaveLength(1);
});

it('adds to an archive what it lacks, and leaves it alone if that is nothing', async () => {
  const first = await build(scene.work, '13.1', ['one', 'two']);
  const second = await build(scene.work, '13.2', ['two', 'three']);
  const file = join(scene.work.root, 'builds.tar');
  await copy('13.1', 'oci-archive:builds.tar');
  const [copied] = await copy('13.2', 'oci-archive:builds.tar');
  // The layer "two" is there; layer "three" and the config are not.
  expect(copied).toMatchObject({ blobs: { sent: 2, present: 1 } });
  const before = await readFile(file);
  const [again] = await copy('13.2', 'oci-archive:builds.tar');
  expect(again).toMatchObject({ blobs: { sent: 0 } });
  expect((await readFile(file)).equals(before)).toBe(true);
  const tags = await (await openArchive(file)).listTags();
  expect([tags.get('13.1')?.digest, tags.get('13.2')?.digest]).toEqual([first.digest, second.digest]);
});
