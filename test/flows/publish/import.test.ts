import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportArchive } from '../../../src/flows/publish/export-archive.ts';
import { importContainer } from '../../../src/flows/publish/import.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { openWorkScene, storeSystem, systemLabels, type WorkScene } from './support.ts';

const session = silentSession();
let here: WorkScene;
let there: WorkScene;
beforeEach(async () => {
  here = await openWorkScene();
  there = await openWorkScene();
});
afterEach(async () => {
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});

const bring = (source: string, options: { version?: string; force?: boolean } = {}) =>
  importContainer(session, here.work, { directory: here.work.root, source, force: false, ...options });

const tagsHere = async () =>
  Object.fromEntries(
    [...(await (await openLayout(here.work.oci)).listTags())].map(([tag, { digest }]) => [tag, digest]),
  );

describe('importContainer', () => {
  it('makes a build of a container, with what refers to it', async () => {
    const image = await storeSystem(there.work.oci, '13.1', { tags: ['whatever'] });
    {
      await using store = await openLayoutForWriting(there.work.oci);
      await attachArtifact(store, image, { artifactType: 'application/x', content: Buffer.from('r') });
    }
    const imported = await bring(`oci:${there.work.oci}:whatever`);
    expect(imported).toMatchObject({
      version: '13.1',
      stream: 'stable',
      digest: image.digest,
      moved: ['13.1', 'stable-candidate'],
    });
    expect(await tagsHere()).toEqual({ '13.1': image.digest, 'stable-candidate': image.digest });
    expect(await (await openLayout(here.work.oci)).referrers(image.digest)).toHaveLength(1);
    expect(await bring(there.work.oci)).toMatchObject({ moved: [] });
  });

  it('takes an archive by its path, the very container that was exported', async () => {
    const { digest } = await storeSystem(there.work.oci, '13.1');
    const file = join(there.work.root, 'os.ociarchive');
    const { directory } = { directory: there.work.root };
    await exportArchive(session, { directory, file: 'os.ociarchive', from: '13.1', force: false });
    expect(await bring(file)).toMatchObject({ version: '13.1', digest });
  });

  it('goes by the work directory where nothing else tells the stream', async () => {
    const { 'com.coreos.stream': _, 'org.opencontainers.image.version': __, ...labels } = systemLabels('');
    await using store = await openLayoutForWriting(there.work.oci);
    await store.setTags(['43.1'], await storeImage(store, [Buffer.from('x')], labels));
    await expect(bring(`oci:${there.work.oci}`)).rejects.toMatchObject({
      code: 'VERSION_MISSING',
      exitStatus: 2,
      message: `oci:${there.work.oci} does not say its version`,
      hint: 'give it one: --version VERSION',
    });
    expect(await bring(`oci:${there.work.oci}`, { version: '43.1' })).toMatchObject({ stream: undefined });
    expect(Object.keys(await tagsHere())).toEqual(['43.1']);
  });

  it('lets a version be one container', async () => {
    await storeSystem(here.work.oci, '13.1', { layers: ['ours'] });
    await storeSystem(there.work.oci, '13.1', { layers: ['theirs'] });
    const source = `oci:${there.work.oci}:13.1`;
    await expect(bring(source)).rejects.toMatchObject({ code: 'TAG_MOVED', exitStatus: 4 });
    expect(await bring(source, { force: true })).toMatchObject({ moved: ['13.1', 'stable-candidate'] });
  });

  it('refuses what is no operating system, and versions that are none', async () => {
    const { digest } = await storeSystem(there.work.oci, '13 1', { tags: ['odd'] });
    const odd = `oci:${there.work.oci}:odd`;
    await expect(bring(odd)).rejects.toMatchObject({
      code: 'VERSION_INVALID',
      message: `${odd} has a version that cannot be a tag: "13 1"`,
    });
    await expect(bring(odd, { version: '13.1' })).rejects.toMatchObject({
      code: 'VERSION_INVALID',
      exitStatus: 2,
      message: `${odd} has the version 13 1, and not 13.1`,
      hint: 'a container keeps its version; name it otherwise with a tag: cosa tag 13 1 13.1',
    });
    await using store = await openLayoutForWriting(there.work.oci);
    const app = await storeImage(store, [Buffer.from('app')], { 'org.opencontainers.image.version': '1' });
    await store.setTags(['app'], app);
    expect(app.digest).not.toBe(digest);
    await expect(bring(`oci:${there.work.oci}:app`)).rejects.toMatchObject({
      code: 'IMPORT_KIND',
      exitStatus: 4,
      message: `oci:${there.work.oci}:app (${app.digest}) is no operating system`,
    });
  });
});
