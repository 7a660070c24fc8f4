import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { updateStream } from '../../../src/flows/publish/stream-update.ts';
import type { Digest } from '../../../src/lib/digest.ts';
import type { Release } from '../../../src/publish/metadata/release.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { startTestingRegistry, type TestingRegistry } from '../../helpers/testing-registry.ts';
import { examplePublishedImages } from '../../publish/example-build.ts';
import { publishExample } from '../../publish/publish-example.ts';

let directory: string;
let registry: TestingRegistry & AsyncDisposable;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-update-'));
  registry = await startTestingRegistry();
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Publishes images of a container in the registry. */
async function publish(digest: Digest): Promise<void> {
  const images = examplePublishedImages({ images: [['qemu', 'qcow2.xz']] });
  await publishExample(directory, {
    ...images,
    container: { ...images.container, image: `${registry.host}/os`, digest },
  });
}

async function update(): Promise<Release> {
  const store = pathToFileURL(directory).href;
  await updateStream(silentSession(), { directory, store, options: {}, allowDowngrade: false, dryRun: false });
  const path = join(directory, 'prod/streams/stable/builds/13.0.0/release.json');
  return JSON.parse(await readFile(path, 'utf8')) as Release;
}

const containerOf = ({ architectures }: Release) => architectures.x86_64?.['oci-image'];

it('names the container by the tag of its version where that is it, and by its digest', async () => {
  const session = silentSession();
  const repository = await session.registries.repository(registry.host, 'os', 'writing');
  const { digest } = await storeImage(repository, [Buffer.from('layer')]);
  const other = await storeImage(repository, [Buffer.from('other layer')]);
  await publish(digest);
  const reference = `${registry.host}/os@${digest}`;
  expect(containerOf(await update())).toEqual({ image: reference, 'digest-ref': reference });
  registry.setTag('os', '13.0.0', other.digest);
  expect(containerOf(await update())).toEqual({ image: reference, 'digest-ref': reference });
  registry.setTag('os', '13.0.0', digest);
  expect(containerOf(await update())).toEqual({ image: `${registry.host}/os:13.0.0`, 'digest-ref': reference });
});

it('names no container that is not in its registry', async () => {
  const digest: Digest = `sha256:${'ab'.repeat(32)}`;
  await publish(digest);
  await expect(update()).rejects.toMatchObject({
    code: 'RELEASE_CONTAINER',
    exitStatus: 4,
    message: `the container ${registry.host}/os@${digest}, which the published images were made of, is not in its registry`,
    hint: `bring it there: cosa push docker://${registry.host}/os`,
  });
});
