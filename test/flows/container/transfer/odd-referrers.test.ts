import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyContainers } from '../../../../src/flows/container/copy.ts';
import { digestHex } from '../../../../src/lib/digest.ts';
import { attachArtifact } from '../../../../src/oci/artifact.ts';
import { readManifest } from '../../../../src/oci/image.ts';
import { openLayout, openLayoutForWriting } from '../../../../src/oci/layout.ts';
import type { Descriptor } from '../../../../src/oci/types.ts';
import { storeImage } from '../../../helpers/image.ts';
import { silentSession } from '../../../helpers/session.ts';

const session = silentSession();
let directory: string;
let image: Descriptor;
let attached: Descriptor[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-odd-'));
  await using store = await openLayoutForWriting(join(directory, 'from'));
  image = await storeImage(store, [Buffer.from('one')]);
  await store.setTags(['stable'], image);
  attached = [];
  for (const text of ['a', 'b']) {
    attached.push(await attachArtifact(store, image, { artifactType: 'text/plain', content: Buffer.from(text) }));
  }
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const remove = ({ digest }: Descriptor) => rm(join(directory, 'from/blobs/sha256', digestHex(digest)));
const copy = async () => {
  const options = { source: 'oci:from:stable', destination: 'oci:to', all: true, platform: undefined, dryRun: false };
  const [copied] = await copyContainers(session, directory, options);
  return copied;
};

describe('copying all that refers to an image', () => {
  it('leaves out what cannot be read, says so, and brings the rest', async () => {
    const [first, second] = attached;
    if (first === undefined || second === undefined) throw new Error('nothing is attached');
    const { layers } = await readManifest(await openLayout(join(directory, 'from')), first);
    await remove(layers[0] ?? first);
    expect((await copy())?.leftOut).toEqual([
      `${first.digest}: blob ${layers[0]?.digest} is missing or cut off in oci:${join(directory, 'from')}`,
    ]);
    const there = await openLayout(join(directory, 'to'));
    expect((await there.referrers(image.digest)).map(({ digest }) => digest)).toEqual([second.digest]);
  });

  it('fails before anything moves if the image itself is not all there', async () => {
    const { config } = await readManifest(await openLayout(join(directory, 'from')), image);
    await remove(config);
    await expect(copy()).rejects.toMatchObject({ code: 'BLOB_MISSING', exitStatus: 4 });
    expect(await (await openLayout(join(directory, 'to'))).hasBlob(image.digest)).toBe(false);
  });
});
