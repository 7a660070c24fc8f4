import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listContainers } from '../../../src/flows/container/list.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { signatureTag } from '../../../src/oci/signatures/attachment.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { storeImage, storeImageOf } from '../../helpers/image.ts';
import { placeOf } from '../../helpers/place.ts';
import { silentSession } from '../../helpers/session.ts';

let directory: string;
let image: Descriptor;
let signature: Descriptor;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-others-'));
  await using store = await openLayoutForWriting(directory);
  image = await storeImage(store, [Buffer.from('one')], { 'org.opencontainers.image.version': '1' });
  const payload = await storeBytes(store, Buffer.from('{}'), 'application/vnd.dev.cosign.simplesigning.v1+json');
  signature = await storeImageOf(store, [payload], [payload.digest]);
  await store.setTags(['1', 'name'], image);
  // As skopeo, podman and containerd write it.
  const file = join(directory, 'index.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"name"', '"registry.example.com/os:1"'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const list = () => listContainers(silentSession(), placeOf(`oci:${directory}`));

async function tag(descriptor: Descriptor, name: string): Promise<void> {
  await using store = await openLayoutForWriting(directory);
  await store.setTags([name], descriptor);
}

describe('the list of a layout', () => {
  it('has names that are no tags, and says what is signed', async () => {
    await tag(signature, signatureTag(image.digest));
    expect(await list()).toMatchObject({
      containers: [{ version: '1', tags: ['1', 'registry.example.com/os:1'], signed: true }],
      others: [],
    });
  });

  it("names Docker's own manifests, and types that nobody knows", async () => {
    await using store = await openLayoutForWriting(directory);
    const docker = 'application/vnd.docker.distribution.manifest.v2+json';
    await store.setTags(['docker'], await storeBytes(store, Buffer.from('{}'), docker));
    await store.setTags(['x'], await storeBytes(store, Buffer.from('{ }'), 'application/x'));
    await store[Symbol.asyncDispose]();
    expect((await list()).others).toMatchObject([
      {
        tags: ['docker'],
        what: 'an image in Docker\'s own format: "skopeo copy --format oci" makes one of ours of it',
      },
      { tags: ['x'], what: 'something of type application/x' },
    ]);
  });

  it('names what "cosign save" leaves without a tag, and what is gone or damaged', async () => {
    const file = join(directory, 'index.json');
    const index = JSON.parse(await readFile(file, 'utf8'));
    const kind = { annotations: { kind: 'dev.cosignproject.cosign/sigs' } };
    await writeFile(file, JSON.stringify({ ...index, manifests: [...index.manifests, { ...signature, ...kind }] }));
    await tag(signature, 'gone');
    await rm(join(directory, 'blobs/sha256', image.digest.slice('sha256:'.length)));
    const { containers, others } = await list();
    expect(containers).toEqual([]);
    const artifact = 'an artifact of type application/vnd.dev.cosign.simplesigning.v1+json';
    expect(others).toMatchObject([
      {
        tags: ['1', 'registry.example.com/os:1'],
        what: `cannot be read: blob ${image.digest} is missing in ${directory}`,
      },
      { tags: ['gone'], digest: signature.digest, what: artifact },
    ]);
  });

  it('has an image without a tag', async () => {
    const file = join(directory, 'index.json');
    await writeFile(file, JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [image] }));
    expect((await list()).containers).toMatchObject([{ version: '1', tags: [] }]);
  });
});
