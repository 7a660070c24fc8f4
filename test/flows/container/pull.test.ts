import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pullContainer } from '../../../src/flows/container/pull.ts';
import { pushContainer } from '../../../src/flows/container/push.ts';
import { pushIndex } from '../../../src/flows/container/push-index.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { readImage } from '../../../src/oci/image.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Platform } from '../../../src/oci/types.ts';
import { silentSession } from '../../helpers/session.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { build, openScene, type Scene } from './transfer/support.ts';

const session = silentSession();

/** One machine builds and pushes, another pulls from the first one's registry. */
let builder: Scene;
let puller: Scene;
beforeEach(async () => {
  builder = await openScene();
  puller = await openScene();
});
afterEach(async () => {
  await builder[Symbol.asyncDispose]();
  await puller[Symbol.asyncDispose]();
});

function pull(reference: string, options: { tags?: string[]; platform?: Platform } = {}) {
  const { tags = [], platform } = options;
  return pullContainer(session, puller.work, { reference, tags, platform });
}

const push = () =>
  pushContainer(session, builder.work.root, { destination: builder.repository, from: undefined, referrers: true });

const tagNames = async () => (await openLayout(puller.work.oci)).tagNames();

describe('pullContainer', () => {
  it('brings an image under its tag, with what refers to it', async () => {
    const image = await build(builder.work, '13.1', ['one', 'two']);
    await using store = await openLayoutForWriting(builder.work.oci);
    const result = await attachArtifact(store, image, { artifactType: 'application/x', content: Buffer.from('r') });
    await push();
    const pulled = await pull(`${builder.repository}:testing-candidate`);
    expect(pulled).toMatchObject({ digest: image.digest, tags: ['testing-candidate'], blobs: { sent: 5 } });
    const layout = await openLayout(puller.work.oci);
    expect(await readImage(layout, image)).toEqual(await readImage(store, image));
    expect(await layout.referrers(image.digest)).toEqual([result]);
    expect(await tagNames()).toEqual(['testing-candidate']);
  });

  it('downloads only what is missing', async () => {
    await build(builder.work, '13.1', ['one', 'two']);
    await push();
    await pull(`${builder.repository}:13.1`);
    await build(builder.work, '13.2', ['one', 'new']);
    await push();
    const { log } = builder.registry;
    log.length = 0;
    expect((await pull(`${builder.repository}:13.2`)).blobs).toEqual({ sent: 2, mounted: 0, present: 1 });
    expect(requestsOf(log, { method: 'GET', path: /\/blobs\// })).toHaveLength(2);
    log.length = 0;
    expect((await pull(`${builder.repository}:13.2`)).moved).toEqual([]);
    expect(requestsOf(log, { path: /\/blobs\// })).toEqual([]);
  });

  it('gives the tags that are asked for, and needs them for a digest', async () => {
    const { digest } = await build(builder.work, '13.1', ['one']);
    await push();
    const reference = `${builder.repository}@${digest}`;
    await pull(reference, { tags: ['upstream', 'x'] });
    expect(await tagNames()).toEqual(['upstream', 'x']);
    await expect(pull(reference)).rejects.toMatchObject({
      code: 'PULL_TAG',
      exitStatus: 2,
      message: `${reference} names no tag: nothing says which it gets in ${puller.work.oci}`,
      hint: `name one: cosa pull --tag TAG ${reference}`,
    });
  });

  it("picks a platform's image out of an index, and lists those that there are", async () => {
    const arm = await build(builder.work, 'arm', ['arm'], { architecture: 'arm64' });
    const power = await build(builder.work, 'power', ['power'], { architecture: 'ppc64le' });
    const destination = `${builder.repository}:all`;
    const index = await pushIndex(session, builder.work.root, {
      destination,
      references: ['arm', 'power'],
      referrers: true,
    });
    expect((await pull(destination, { platform: { os: 'linux', architecture: 'arm64' } })).digest).toBe(arm.digest);
    expect((await pull(destination, { platform: { os: 'linux', architecture: 'ppc64le' } })).digest).toBe(power.digest);
    await expect(pull(destination, { platform: { os: 'linux', architecture: 's390x' } })).rejects.toMatchObject({
      code: 'PLATFORM_MISSING',
      exitStatus: 4,
      message: `index ${index.digest} does not hold one image for linux/s390x; it holds linux/arm64, linux/ppc64le`,
    });
  });

  it('leaves no tag when a download is damaged', async () => {
    await build(builder.work, '13.1', ['one', 'two']);
    await push();
    builder.registry.inject({ match: { method: 'GET', path: /\/blobs\// }, fault: { kind: 'corrupt', offset: 1 } });
    await expect(pull(`${builder.repository}:13.1`)).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
      exitStatus: 4,
    });
    expect(await tagNames()).toEqual([]);
  });
});
