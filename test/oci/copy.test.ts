import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestHex } from '../../src/lib/digest.ts';
import { silentReporter } from '../../src/lib/reporter.ts';
import { copyImage } from '../../src/oci/copy.ts';
import { readImage } from '../../src/oci/image.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { collect, storeImage } from '../helpers/image.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-copy-'));
});
afterEach(async () => rm(base, { recursive: true, force: true }));

test('keeps every byte and digest, and reports how far it is', async () => {
  await using from = await openLayoutForWriting(join(base, 'from'));
  await using to = await openLayoutForWriting(join(base, 'to'));
  const layers = [Buffer.from('one'), Buffer.from('two')];
  const descriptor = await storeImage(from, layers, { a: 'b' });
  const progress: [number, number | undefined][] = [];
  const reporter = {
    ...silentReporter(),
    progress: (done: number, total?: number) => void progress.push([done, total]),
  };
  const image = await copyImage(from, descriptor, to, reporter);
  expect(image.descriptor.digest).toBe(descriptor.digest);
  expect(await readImage(to, descriptor)).toEqual(await readImage(from, descriptor));
  for (const [index, layer] of image.manifest.layers.entries()) {
    expect(await collect(to.readBlob(layer))).toEqual(layers[index]);
  }
  expect(progress.at(-1)?.[0]).toBe(progress.at(-1)?.[1]);
});

test('does not read what is there already', async () => {
  await using from = await openLayoutForWriting(join(base, 'from'));
  await using to = await openLayoutForWriting(join(base, 'to'));
  const descriptor = await storeImage(from, [Buffer.from('one')]);
  await copyImage(from, descriptor, to, silentReporter());
  const { manifest } = await readImage(from, descriptor);
  const blobs = join(base, 'from/blobs/sha256');
  for (const layer of manifest.layers) await rm(join(blobs, digestHex(layer.digest)));
  await copyImage(from, descriptor, to, silentReporter());
});

test('a damaged layer stops it before the manifest is written', async () => {
  await using from = await openLayoutForWriting(join(base, 'from'));
  await using to = await openLayoutForWriting(join(base, 'to'));
  const descriptor = await storeImage(from, [Buffer.from('one')]);
  const { manifest } = await readImage(from, descriptor);
  const [layer] = manifest.layers;
  if (layer === undefined) throw new Error('the image has a layer');
  await writeFile(join(base, 'from/blobs/sha256', digestHex(layer.digest)), 'eno');
  await expect(copyImage(from, descriptor, to, silentReporter())).rejects.toMatchObject({
    code: 'BLOB_DIGEST_MISMATCH',
    exitStatus: 4,
  });
  expect(await to.hasBlob(descriptor.digest)).toBe(false);
  expect(await readdir(join(base, 'to/blobs/sha256'))).toEqual([digestHex(manifest.config.digest)]);
});
