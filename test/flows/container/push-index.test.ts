import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushContainer } from '../../../src/flows/container/push.ts';
import { pushIndex } from '../../../src/flows/container/push-index.ts';
import { resolveImage } from '../../../src/workspace/resolve-image.ts';
import { silentSession } from '../../helpers/session.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { build, openScene, repositoryName, type Scene } from './transfer/support.ts';

const session = silentSession();
const source = { 'org.opencontainers.image.source': 'https://git.example.com/config' };

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const push = (references: readonly string[], destination = `${scene.repository}:testing`) =>
  pushIndex(session, scene.work.root, { destination, references, referrers: true });

/** Two builds of one version; in one work directory their tags are different. */
async function twoBuilds() {
  const labels = { ...source, 'org.opencontainers.image.version': '13.1' };
  const amd = await build(scene.work, 'amd', ['amd'], { labels });
  const arm = await build(scene.work, 'arm', ['arm'], { labels, architecture: 'arm64' });
  return { amd, arm };
}

describe('pushIndex', () => {
  it('offers builds from oci/ and the registry under one tag', async () => {
    const { amd, arm } = await twoBuilds();
    await push(['amd'], `${scene.repository}:first`);
    const pushed = await push(['arm', `${scene.repository}@${amd.digest}`]);
    expect(pushed.images).toEqual([
      {
        reference: `${scene.repository}@${amd.digest}`,
        platform: { os: 'linux', architecture: 'amd64' },
        digest: amd.digest,
      },
      { reference: 'arm', platform: { os: 'linux', architecture: 'arm64' }, digest: arm.digest },
    ]);
    expect(pushed).toMatchObject({ tags: ['testing'], moved: ['testing'], blobs: { sent: 2, present: 2 } });
    const repository = await session.registries.repository(scene.registry.host, repositoryName);
    const descriptor = await repository.resolveTag('testing');
    if (descriptor === undefined) throw new Error('the index is tagged');
    const chunks: Buffer[] = [];
    for await (const chunk of repository.readBlob(descriptor)) chunks.push(chunk);
    const { mediaType, size } = amd;
    expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        { mediaType, digest: amd.digest, size, platform: { architecture: 'amd64', os: 'linux' } },
        { mediaType, digest: arm.digest, size: arm.size, platform: { architecture: 'arm64', os: 'linux' } },
      ],
      annotations: { ...source, 'org.opencontainers.image.version': '13.1' },
    });
  });

  it('takes the place of a version that it holds, and of no other', async () => {
    await twoBuilds();
    const version = `${scene.repository}:13.1`;
    await pushContainer(session, scene.work.root, { destination: version, from: 'amd', referrers: false });
    const { digest } = await push(['amd', 'arm'], version);
    await expect(push(['arm'], version)).rejects.toMatchObject({
      code: 'TAG_MOVED',
      message: `${version} is another container, ${digest}: a version is given once`,
    });
    const back = { destination: version, from: 'amd', referrers: false };
    expect(await pushContainer(session, scene.work.root, back)).toMatchObject({ moved: [] });
    expect(await pushContainer(session, scene.work.root, { ...back, force: true })).toMatchObject({ moved: [] });
    expect(scene.registry.tags(repositoryName).get('13.1')).toBe(digest);
  });

  it('is the same whatever the order of the builds, and is then not written again', async () => {
    await twoBuilds();
    const first = await push(['amd', 'arm']);
    scene.registry.log.length = 0;
    expect(await push(['arm', 'amd'])).toMatchObject({ digest: first.digest, moved: [] });
    expect(requestsOf(scene.registry.log, { method: 'PUT' })).toEqual([]);
  });

  it('is what other commands take a build of this machine from', async () => {
    const { amd, arm } = await twoBuilds();
    await push(['amd', 'arm']);
    const { image } = await resolveImage(session, scene.work.root, `${scene.repository}:testing`);
    expect(image.descriptor.digest).toBe(process.arch === 'arm64' ? arm.digest : amd.digest);
  });

  it('is not tagged when a build cannot be brought', async () => {
    await twoBuilds();
    scene.registry.inject({
      match: { method: 'PUT', path: /\/blobs\/uploads\// },
      fault: { kind: 'status', status: 403, code: 'DENIED' },
      skip: 3,
    });
    await expect(push(['amd', 'arm'])).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect([...scene.registry.tags(repositoryName)]).toEqual([]);
  });
});

describe('bad input', () => {
  it('refuses two builds for one platform', async () => {
    await build(scene.work, '13.1', ['one']);
    await build(scene.work, '13.2', ['two']);
    await expect(push(['13.1', '13.2'])).rejects.toMatchObject({
      code: 'INDEX_PLATFORM_TWICE',
      exitStatus: 2,
      message: '13.1 and 13.2 are both for linux/amd64',
      hint: 'an index has one image for a platform: leave one of them out',
    });
    expect(scene.registry.log).toEqual([]);
  });

  it('refuses a destination without a tag', async () => {
    await expect(push(['13.1'], scene.repository)).rejects.toMatchObject({
      code: 'DESTINATION_TAG',
      exitStatus: 2,
      message: `${scene.repository}: no tag is named, and an index has none of its own`,
      hint: `name one: ${scene.repository}:TAG`,
    });
  });
});
