import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { openArchive, openArchiveForWriting } from '../../../src/oci/archive.ts';
import { readImage } from '../../../src/oci/image.ts';
import { checkLayout } from '../../../src/oci/layout/check.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { openReference } from '../../../src/oci/open.ts';
import { createRegistries } from '../../../src/oci/registry.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { collect, storeImage } from '../../helpers/image.ts';
import { skopeo, tar } from '../../helpers/peers.ts';

let directory: string;
let image: Descriptor;

const registries = createRegistries({}, { environment: {} });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-archive-'));
  await using store = await openArchiveForWriting(join(directory, 'ours.tar'));
  image = await storeImage(store, [Buffer.from('one'), Buffer.from('two')], { title: 'sample' });
  await store.setTags(['1', 'stable'], image);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function copy(from: string, to: string): Promise<unknown> {
  return run(skopeo, ['--insecure-policy', 'copy', '--preserve-digests', from, to], { cwd: directory });
}

it('is inspected and copied by skopeo, and read back', async () => {
  const { stdout } = await run(skopeo, ['inspect', 'oci-archive:ours.tar:stable'], { cwd: directory });
  expect(JSON.parse(stdout)).toMatchObject({ Digest: image.digest, Labels: { title: 'sample' } });
  await copy('oci-archive:ours.tar:1', 'oci-archive:theirs.tar:2');
  const tagged = await openReference('oci-archive:theirs.tar:2', directory, registries);
  expect(tagged.descriptor.digest).toBe(image.digest);
  await copy('oci-archive:ours.tar:1', 'oci-archive:untagged.tar');
  const untagged = await openReference('oci-archive:untagged.tar', directory, registries);
  expect(untagged.descriptor.digest).toBe(image.digest);
});

it("keeps the image of skopeo's archive beside a new one, for skopeo, too", async () => {
  await copy('oci-archive:ours.tar:1', 'oci-archive:added-to.tar:theirs');
  {
    await using store = await openArchiveForWriting(join(directory, 'added-to.tar'));
    await store.setTags(['ours'], await storeImage(store, [Buffer.from('three')]));
  }
  await copy('oci-archive:added-to.tar:theirs', 'oci:copies:theirs');
  await copy('oci-archive:added-to.tar:ours', 'oci:copies:ours');
  expect(await checkLayout(join(directory, 'copies'), silentReporter())).toMatchObject({ problems: [], entries: 2 });
});

it('is a layout when tar extracts it, and a layout is an archive when tar packs it', async () => {
  const extracted = join(directory, 'extracted');
  await mkdir(extracted);
  await run(tar, ['--extract', '--file', join(directory, 'ours.tar'), '--directory', extracted]);
  expect(await checkLayout(extracted, silentReporter())).toMatchObject({ problems: [], unreferenced: { blobs: 0 } });
  {
    await using store = await openLayoutForWriting(extracted);
    await store.setTags(['3'], await storeImage(store, [Buffer.from('three')]));
  }
  const packed = join(directory, 'packed.tar');
  await run(tar, ['--create', '--file', packed, '--directory', extracted, '.']);
  const reader = await openArchive(packed);
  expect(await reader.tagNames()).toEqual(['1', '3', 'stable']);
  const { manifest } = await readImage(reader, image);
  const [first] = manifest.layers;
  if (first === undefined) throw new Error('the image has no layers');
  expect((await collect(reader.readBlob(first))).toString()).toBe('one');
});
