import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CopyOptions, copyContainers } from '../../../src/flows/container/copy.ts';
import { pushIndex } from '../../../src/flows/container/push-index.ts';
import { tagContainer } from '../../../src/flows/container/tag.ts';
import { digestHex } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { silentSession } from '../../helpers/session.ts';
import { build, openScene, type Scene } from './transfer/support.ts';

const session = silentSession();

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

function copy(source: string, destination: string, options: Partial<CopyOptions> = {}) {
  return copyContainers(session, scene.work.root, {
    source,
    destination,
    all: false,
    platform: undefined,
    dryRun: false,
    ...options,
  });
}

const tagsOf = (repository: string) => Object.fromEntries(scene.registry.tags(repository));

describe('copyContainers', () => {
  it('goes from registry to registry without sending a byte, and on to a layout', async () => {
    const { digest } = await build(scene.work, '13.1', ['one', 'two']);
    await copy('13.1', scene.repository);
    const other = `docker://${scene.registry.host}/os/other`;
    const [mounted] = await copy(`${scene.repository}:13.1`, `${other}:new`);
    expect(mounted).toMatchObject({ digest, blobs: { sent: 0, mounted: 3, present: 0 }, bytes: 0 });
    expect(tagsOf('os/other')).toEqual({ new: digest });
    await copy(`${other}:new`, 'oci:elsewhere');
    const layout = await openLayout(join(scene.work.root, 'elsewhere'));
    expect((await layout.resolveTag('new'))?.digest).toBe(digest);
  });

  it('says which side failed, in one registry as between two', async () => {
    await build(scene.work, '13.1', ['one']);
    await copy('13.1', scene.repository);
    const other = `docker://${scene.registry.host}/os/other`;
    const forbidden = (path: RegExp) =>
      scene.registry.inject({ match: { path }, fault: { kind: 'status', status: 403, code: 'DENIED' }, times: 1 });
    forbidden(/os\/example\/blobs\//);
    await expect(copy(`${scene.repository}:13.1`, 'oci:elsewhere')).rejects.toMatchObject({
      code: 'REGISTRY_DENIED',
      exitStatus: 1,
      message: expect.stringMatching(
        new RegExp(
          `^reading from ${scene.repository}: the registry does not let you pull \\(DENIED: .* was made to fail\\)$`,
        ),
      ),
      hint: `log in: cosa login ${scene.registry.host}`,
      cause: { code: 'REGISTRY_DENIED' },
    });
    scene.registry.inject({
      match: { method: 'PUT', path: /os\/other\/manifests\/new$/ },
      fault: { kind: 'status', status: 400, code: 'MANIFEST_INVALID' },
      times: 3,
    });
    await expect(copy(`${scene.repository}:13.1`, `${other}:new`)).rejects.toMatchObject({
      code: 'MANIFEST_REFUSED',
      message: expect.stringMatching(
        new RegExp(
          `^writing to ${other}: PUT manifests/new: the registry refuses it with status 400 \\(MANIFEST_INVALID: .* was made to fail\\)$`,
        ),
      ),
    });
  });

  it('keeps the tag of the source unless there is another', async () => {
    const { digest } = await build(scene.work, '13.1', ['one']);
    await copy('13.1', scene.repository);
    await copy('testing-candidate', `${scene.repository}:x`);
    expect(tagsOf('os/example')).toEqual({ '13.1': digest, x: digest });
    const short = digestHex(digest).slice(0, 12);
    for (const source of [digest, short, `oci:oci@${digest}`, `oci:oci:${short}`]) {
      await expect(copy(source, scene.repository)).rejects.toMatchObject({
        code: 'DESTINATION_TAG',
        exitStatus: 2,
        message: `${scene.repository}: no tag is named, and ${source} has none`,
        hint: `name one: ${scene.repository}:TAG`,
      });
    }
  });

  it('mirrors an index with all that belongs to it', async () => {
    await build(scene.work, 'amd', ['shared', 'amd']);
    const arm = await build(scene.work, 'arm', ['shared', 'arm'], { architecture: 'arm64' });
    await using store = await openLayoutForWriting(scene.work.oci);
    const result = await attachArtifact(store, arm, { artifactType: 'application/x', content: Buffer.from('r') });
    const source = `${scene.repository}:all`;
    const index = await pushIndex(session, scene.work.root, {
      destination: source,
      references: ['amd', 'arm'],
      referrers: true,
    });
    await copy(source, 'oci:mirror', { all: true });
    const layout = await openLayout(join(scene.work.root, 'mirror'));
    expect((await layout.resolveTag('all'))?.digest).toBe(index.digest);
    expect(await layout.referrers(arm.digest)).toEqual([result]);
    const [arm64] = await copy(source, 'oci:one', { platform: { os: 'linux', architecture: 'arm64' } });
    expect(arm64?.digest).toBe(arm.digest);
  });

  it('mirrors all tags of a stream, each image once', async () => {
    const one = await build(scene.work, '13.1', ['one']);
    const two = await build(scene.work, '13.2', ['two']);
    await tagContainer(session, scene.work.root, '13.1', ['testing']);
    await tagContainer(session, scene.work.root, '13.1', [`sha256-${'0'.repeat(64)}.sig`]);
    const copied = await copy('testing*', scene.repository);
    expect(copied.map(({ digest, tags }) => [digest, tags])).toEqual([
      [one.digest, ['testing']],
      [two.digest, ['testing-candidate']],
    ]);
    const all = await copy(`${scene.repository}:*`, 'oci:mirror');
    expect(all.map(({ tags }) => tags)).toEqual([['testing'], ['testing-candidate']]);
    const again = await copy('oci:oci:*', scene.repository);
    expect(again.map(({ tags, moved }) => [tags, moved])).toEqual([
      [['13.1', 'testing'], ['13.1']],
      [['13.2', 'testing-candidate'], ['13.2']],
    ]);
  });

  it('only says what would be copied', async () => {
    await build(scene.work, '13.1', ['one', 'two']);
    await copy('13.1', scene.repository);
    const next = await build(scene.work, '13.2', ['one', 'new']);
    const [planned] = await copy('13.2', scene.repository, { dryRun: true });
    expect(planned).toMatchObject({
      digest: next.digest,
      moved: ['13.2'],
      blobs: { sent: 2, mounted: 0, present: 1 },
    });
    expect(Object.keys(tagsOf('os/example'))).toEqual(['13.1']);
    expect(scene.registry.hasManifest('os/example', next.digest)).toBe(false);
    const [absent] = await copy('13.2', 'oci:absent', { dryRun: true });
    expect(absent?.blobs).toEqual({ sent: 3, mounted: 0, present: 0 });
    await expect(stat(join(scene.work.root, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('asks one thing of each side if there is nothing to do', async () => {
    await build(scene.work, '13.1', ['one']);
    await copy('13.1', scene.repository);
    const other = `docker://${scene.registry.host}/os/other`;
    await copy(`${scene.repository}:13.1`, other);
    scene.registry.log.length = 0;
    await copy(`${scene.repository}:13.1`, other);
    expect(scene.registry.log.map(({ method, path }) => [method, path])).toEqual([
      ['HEAD', '/v2/os/example/manifests/13.1'],
      ['HEAD', '/v2/os/other/manifests/13.1'],
    ]);
  });
});

describe('bad input', () => {
  it.each([
    [
      'testing*',
      ':x',
      'DESTINATION_TAG',
      'REPO:x names a tag, and testing* may be many',
      'they keep their tags: write REPO',
    ],
    ['stable-*', '', 'TAGS_NONE', 'oci:OCI has no tag like "stable-*"', undefined],
    ['stable', '', 'TAG_UNKNOWN', 'oci:OCI has no tag or digest "stable"', 'there are: 13.1, testing-candidate'],
  ])('refuses %s → REPO%s', async (source, selector, code, message, hint) => {
    await build(scene.work, '13.1', ['one']);
    const real = (text: string) => text.replaceAll('REPO', scene.repository).replaceAll('OCI', scene.work.oci);
    await expect(copy(source, `${scene.repository}${selector}`)).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message: real(message),
      ...(hint === undefined ? {} : { hint: real(hint) }),
    });
  });
});
