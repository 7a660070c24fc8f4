import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { checkLayout } from '../../../src/oci/layout/check.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { ContentStore } from '../../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { storeImageOf } from '../../helpers/image.ts';

let directory: string;
let store: ContentStore & AsyncDisposable;
let layers: Descriptor[];
const contents = ['one', 'two'].map((text) => Buffer.from(text));
const diffIds = contents.map(digestOf);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-check-'));
  store = await openLayoutForWriting(directory);
  layers = [];
  for (const content of contents) layers.push(await storeBytes(store, gzipSync(content), mediaTypes.layerGzip));
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function problems() {
  return checkLayout(directory, silentReporter()).then((report) => report.problems);
}

function pathOf(descriptor: Descriptor | undefined): string {
  return join(directory, 'blobs/sha256', descriptor?.digest.slice('sha256:'.length) ?? '');
}

describe('checkLayout', () => {
  it('finds nothing in a sound layout', async () => {
    const image = await storeImageOf(store, layers, diffIds);
    await store.setTags(['a', 'b'], image);
    await storeBytes(store, Buffer.from('nobody refers to me'), mediaTypes.layer);
    expect(await checkLayout(directory, silentReporter())).toMatchObject({
      problems: [],
      entries: 2,
      blobs: 5,
      unreferenced: { blobs: 1, bytes: 19 },
      leftovers: 0,
    });
  });

  it('finds every mismatch, not just the first', async () => {
    await store.setTags(['damaged'], await storeImageOf(store, layers, diffIds));
    await store.setTags(['wrong'], await storeImageOf(store, layers.slice(0, 1), [digestOf('another')]));
    const [one, two] = layers;
    await rm(pathOf(two));
    const unreferenced = await storeBytes(store, Buffer.from('nobody refers to me'), mediaTypes.layer);
    await writeFile(pathOf(unreferenced), 'nobody refers to ME');
    expect(await problems()).toEqual([
      { code: 'BLOB_MISSING', message: `blob ${two?.digest} is missing in ${directory}` },
      {
        code: 'LAYER_DIFFID',
        message: `layer ${one?.digest} has the diffid ${diffIds[0]}, the config says ${digestOf('another')}`,
      },
      {
        code: 'BLOB_DIGEST_MISMATCH',
        message: `blob ${unreferenced.digest} in ${directory} is damaged: its content has the digest ${digestOf('nobody refers to ME')}`,
      },
    ]);
  });

  const damages = [
    { name: 'a flipped byte', change: (bytes: Buffer) => bytes.fill(0, 15, 16), code: 'BLOB_DIGEST_MISMATCH' },
    { name: 'a truncated blob', change: (bytes: Buffer) => bytes.subarray(0, -1), code: 'BLOB_SIZE_MISMATCH' },
    { name: 'an empty blob', change: () => Buffer.alloc(0), code: 'BLOB_SIZE_MISMATCH' },
  ];
  it.each(damages)('names the blob behind $name', async ({ change, code }) => {
    await store.setTags(['damaged'], await storeImageOf(store, layers, diffIds));
    await writeFile(pathOf(layers[0]), change(gzipSync(contents[0] ?? '')));
    const found = await problems();
    expect(found.map((problem) => problem.code)).toEqual([code]);
    expect(found[0]?.message).toContain(layers[0]?.digest);
  });

  it('finds damaged manifests and configs', async () => {
    const image = await storeImageOf(store, layers, diffIds);
    await store.setTags(['damaged'], image);
    await writeFile(pathOf(image), Buffer.alloc(image.size, ' '));
    expect((await problems()).map(({ code }) => code)).toEqual(['BLOB_DIGEST_MISMATCH']);
  });

  it.each([
    ['no JSON', '{', 'is not JSON'],
    ['no index', '{"schemaVersion":2}', 'manifests: Invalid input: expected array, received undefined'],
  ])('reports an index.json that is %s', async (_name, text, message) => {
    await writeFile(join(directory, 'index.json'), text);
    expect(await problems()).toEqual([{ code: 'INDEX_INVALID', message: expect.stringContaining(message) }]);
  });

  it.each([
    ['a digest that is a path', { digest: '../../x', size: 1 }, 'digest: expected sha256: and 64 hexadecimal digits'],
    ['a digest of another kind', { digest: `sha512:${'0'.repeat(128)}`, size: 1 }, 'digest: expected sha256: '],
    ['a size that no number holds', { digest: digestOf(''), size: 1e300 }, 'size: '],
  ])('reports an entry that has %s, and checks the others', async (_name, fields, message) => {
    const image = await storeImageOf(store, layers, diffIds);
    await rm(pathOf(layers[0]));
    const manifests = [{ mediaType: 'x', ...fields }, image];
    await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    expect(await problems()).toEqual([
      { code: 'ENTRY_UNREADABLE', message: expect.stringContaining(`index.json: entry 0: ${message}`) },
      { code: 'BLOB_MISSING', message: expect.stringContaining(layers[0]?.digest ?? '') },
    ]);
  });

  describe('of what lies beside an image, with an image config', () => {
    const documents: readonly (readonly [what: string, mediaType: string])[] = [
      ['a signature', 'application/vnd.dev.cosign.simplesigning.v1+json'],
      ['an attestation', 'application/vnd.dsse.envelope.v1+json'],
      ["buildkit's attestation", 'application/vnd.in-toto+json'],
      ['a list of parts', 'text/spdx'],
    ];
    const document = Buffer.from('{"critical":{}}');

    it.each(documents)('is clean: %s', async (_what, mediaType) => {
      const layer = await storeBytes(store, document, mediaType);
      // Some say the digest, some say anything.
      for (const diffId of [layer.digest, digestOf('anything')]) {
        await store.setTags([`of-${diffId.slice(7, 20)}`], await storeImageOf(store, [layer], [diffId]));
      }
      expect(await problems()).toEqual([]);
    });

    it('is clean among the layers of an image, and without diffids at all', async () => {
      const layer = await storeBytes(store, document, 'application/vnd.in-toto+json');
      const [tar] = layers;
      const mixed = await storeImageOf(store, [tar ?? layer, layer], [diffIds[0] ?? '', digestOf('x')]);
      await store.setTags(['mixed'], mixed);
      await store.setTags(['none'], await storeImageOf(store, [layer], []));
      expect(await problems()).toEqual([]);
    });

    it('is damaged when its bytes are', async () => {
      const layer = await storeBytes(store, document, 'text/spdx');
      await store.setTags(['sbom'], await storeImageOf(store, [layer], [layer.digest]));
      await writeFile(pathOf(layer), Buffer.alloc(document.length));
      expect((await problems()).map(({ code }) => code)).toEqual(['BLOB_DIGEST_MISMATCH']);
    });
  });
});
