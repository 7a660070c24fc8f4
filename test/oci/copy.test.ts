import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../src/lib/canonical-json.ts';
import { digestHex, digestOf } from '../../src/lib/digest.ts';
import { attachArtifact, storeBytes } from '../../src/oci/artifact.ts';
import type { CopyExtent } from '../../src/oci/copy/plan.ts';
import { copyContent } from '../../src/oci/copy.ts';
import { readImage } from '../../src/oci/image.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import type { Place } from '../../src/oci/place.ts';
import { addSignature, readAttachment, signatureAnnotation } from '../../src/oci/signatures/attachment.ts';
import type { ContentReader, ContentStore, LocalStore } from '../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { type Reporter, silentReporter } from '../../src/progress/reporter.ts';
import { collect, storeImage } from '../helpers/image.ts';
import { placeOf } from '../helpers/place.ts';
import { recording } from '../helpers/recording-store.ts';

let base: string;
let from: LocalStore & AsyncDisposable;
let to: LocalStore & AsyncDisposable;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-copy-'));
  from = await openLayoutForWriting(join(base, 'from'));
  to = await openLayoutForWriting(join(base, 'to'));
});

afterEach(async () => {
  await from[Symbol.asyncDispose]();
  await to[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

const layout = (name: string) => placeOf(`oci:${join(base, name)}`);
const registry = placeOf('docker://registry.example.com/os/b');

interface Copy {
  reader?: ContentReader;
  store?: ContentStore;
  tags?: readonly string[];
  extent?: CopyExtent;
  reporter?: Reporter;
  place?: Place;
}

function copy(descriptor: Descriptor, { reader = from, store = to, place = layout('to'), ...rest }: Copy = {}) {
  const { tags = ['t'], extent = 'image', reporter = silentReporter() } = rest;
  const request = { from: { place: layout('from'), reader, descriptor }, to: { place, reader: store }, tags, extent };
  return copyContent(request, store, reporter);
}

async function storeIndex(store: ContentStore, images: readonly Descriptor[], name = 'i'): Promise<Descriptor> {
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: images, annotations: { name } };
  return store.putManifest(canonicalJson(index as unknown as Json), mediaTypes.index);
}

describe('copyContent', () => {
  it('keeps every byte and digest, sets the tags, and reports how far it is', async () => {
    const layers = [Buffer.from('one'), Buffer.from('two')];
    const descriptor = await storeImage(from, layers, { a: 'b' });
    const progress: [number, number | undefined][] = [];
    const reporter = {
      ...silentReporter(),
      progress: (done: number, total?: number) => void progress.push([done, total]),
    };
    const counts = await copy(descriptor, { tags: ['1', 'x'], reporter });
    const image = await readImage(to, descriptor);
    expect(image).toEqual(await readImage(from, descriptor));
    for (const [index, layer] of image.manifest.layers.entries()) {
      expect(await collect(to.readBlob(layer))).toEqual(layers[index]);
    }
    const bytes = 6 + image.manifest.config.size;
    expect(counts).toEqual({
      sent: 3,
      mounted: 0,
      present: 0,
      bytes,
      moved: ['1', 'x'],
      leftOut: [],
      diskImagesLeft: 0,
    });
    expect([...(await to.listTags())]).toEqual([
      ['1', descriptor],
      ['x', descriptor],
    ]);
    expect(progress[0]).toEqual([0, bytes]);
    expect(progress.at(-1)).toEqual([bytes, bytes]);
  });

  it('moves only what is missing, and each blob once', async () => {
    await copy(await storeImage(from, [Buffer.from('one'), Buffer.from('two')]));
    const next = await storeImage(from, [Buffer.from('new'), Buffer.from('one'), Buffer.from('new')]);
    const { store, calls } = recording(to);
    expect(await copy(next, { store })).toMatchObject({ sent: 2, present: 1 });
    const written = calls.filter(({ name }) => name === 'putBlob').map(({ digest }) => digest);
    const { config } = (await readImage(from, next)).manifest;
    expect(written).toEqual([config.digest, digestOf('new')]);
  });

  it('begins with the largest blobs, and tags after everything else', async () => {
    const image = await storeImage(
      from,
      [10, 30, 20].map((length) => Buffer.alloc(length * 1000, 'x')),
    );
    const { store, calls } = recording(to);
    await copy(image, { store });
    const writes = calls.filter(({ name }) => ['putBlob', 'putManifest', 'setTags'].includes(name));
    expect(
      writes.map(({ name, size }) => [name, name === 'putBlob' && (size ?? 0) >= 10_000 ? size : undefined]),
    ).toEqual([
      ['putBlob', 30_000],
      ['putBlob', 20_000],
      ['putBlob', 10_000],
      ['putBlob', undefined],
      ['putManifest', undefined],
      ['setTags', undefined],
    ]);
  });

  it('a blob that fails stops the others, and nothing is tagged', async () => {
    const image = await storeImage(
      from,
      Array.from({ length: 20 }, (_, number) => Buffer.alloc(1000 + number, String(number))),
    );
    const [, damaged] = (await readImage(from, image)).manifest.layers.slice(-2);
    if (damaged === undefined) throw new Error('the image has layers');
    await writeFile(join(base, 'from/blobs/sha256', digestHex(damaged.digest)), Buffer.alloc(damaged.size, 'y'));
    const { store, calls } = recording(to);
    await expect(copy(image, { store })).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH', exitStatus: 4 });
    const after = calls.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toHaveLength(after);
    expect(calls.filter(({ name }) => name === 'putBlob').length).toBeLessThan(20);
    expect(await to.hasBlob(image.digest)).toBe(false);
    expect(await to.tagNames()).toEqual([]);
  });

  it('is stopped by the user', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    const stopped = AbortSignal.abort();
    await expect(copy(image, { reporter: silentReporter(stopped) })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await to.tagNames()).toEqual([]);
  });

  it('mends a layout whose tag is there and whose blob is not', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    await copy(image);
    await rm(join(base, 'to/blobs/sha256', digestHex(digestOf('one'))));
    expect(await copy(image)).toMatchObject({ sent: 1, moved: [] });
  });

  it('copies an index with all its images, once each, before the index itself', async () => {
    const a = await storeImage(from, [Buffer.from('shared'), Buffer.from('a')]);
    const b = await storeImage(from, [Buffer.from('shared'), Buffer.from('b')]);
    const inner = await storeIndex(from, [a], 'inner');
    const index = await storeIndex(from, [b, inner, a]);
    const { store, calls } = recording(to);
    expect(await copy(index, { store })).toMatchObject({ sent: 5 });
    const stored = calls.filter(({ name }) => name === 'putManifest').map(({ digest }) => digest);
    expect(stored).toEqual([b.digest, a.digest, inner.digest, index.digest]);
  });
});

describe('what belongs to an image', () => {
  const attach = (subject: Descriptor, content: string) =>
    attachArtifact(from, subject, { artifactType: 'application/x', content: Buffer.from(content) });

  it('is nothing, or referrers, those of referrers too, and what cosign has attached', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    const result = await attach(image, 'result');
    const signature = await attach(result, 'signature of the result');
    const attached = await storeImage(from, [Buffer.from('cosign')]);
    const attachedTag = `sha256-${digestHex(image.digest)}.sig`;
    await from.setTags([attachedTag], attached);

    await copy(image, { extent: 'image' });
    expect(await to.referrers(image.digest)).toEqual([]);
    expect(await to.tagNames()).toEqual(['t']);
    await copy(image, { extent: 'referrers' });
    expect(await to.referrers(image.digest)).toEqual([result]);
    expect(await to.referrers(result.digest)).toEqual([signature]);
    expect([...(await to.listTags())]).toEqual([
      [attachedTag, attached],
      ['t', image],
    ]);
  });

  it('joins what was attached here with what was attached there', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    const payload = Buffer.from('payload');
    for (const signature of ['YQ==', 'Yg==']) await addSignature(from, image.digest, { payload, signature }, false);
    await addSignature(to, image.digest, { payload, signature: 'Yw==' }, false);
    for (let times = 0; times < 2; times++) {
      await copy(image, { extent: 'referrers' });
      const { manifest } = (await readAttachment(to, image.digest)) ?? {};
      expect(manifest?.layers.map(({ annotations }) => annotations?.[signatureAnnotation])).toEqual([
        'Yw==',
        'YQ==',
        'Yg==',
      ]);
    }
  });

  it('belongs to each image of an index', async () => {
    const a = await storeImage(from, [Buffer.from('a')]);
    const b = await storeImage(from, [Buffer.from('b')]);
    const result = await attach(b, 'result');
    await copy(await storeIndex(from, [a, b]), { extent: 'everything' });
    expect(await to.referrers(b.digest)).toEqual([result]);
  });

  it('moves though the tag is there already', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    await copy(image, { extent: 'referrers' });
    const result = await attach(image, 'result');
    expect(await copy(image, { extent: 'referrers' })).toMatchObject({ sent: 2, moved: [] });
    expect(await to.referrers(image.digest)).toEqual([result]);
  });
});

describe('a registry', () => {
  it('is asked one thing when its tag points to the image already', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    await copy(image);
    const source = recording(from);
    const target = recording(to);
    expect(await copy(image, { reader: source.store, store: target.store, place: registry })).toMatchObject({
      sent: 0,
      moved: [],
    });
    expect(source.calls).toEqual([]);
    expect(target.calls.map(({ name }) => name)).toEqual(['resolveTag']);
  });

  it('tells by the manifest that is replaced which blobs it has', async () => {
    const layers = Array.from({ length: 9 }, (_, number) => Buffer.from(`layer ${number}`));
    await copy(await storeImage(from, layers));
    const next = await storeImage(from, [...layers, Buffer.from('new')]);
    const { store, calls } = recording(to);
    expect(await copy(next, { store, place: registry })).toMatchObject({ sent: 2, present: 9 });
    expect(calls.filter(({ name }) => name === 'hasBlob')).toHaveLength(2);
  });

  it('gets another tag for an image that it has without a question about blobs', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    await copy(image);
    const { store, calls } = recording(to);
    await copy(image, { store, place: registry, tags: ['other'] });
    expect(calls.map(({ name }) => name)).toEqual(['resolveTag', 'resolveDigest', 'setTags']);
  });

  it('may have something else than an image under the tag', async () => {
    const other = await storeImage(to, []);
    await to.setTags(['t'], { ...other, mediaType: 'application/vnd.docker.distribution.manifest.v2+json' });
    const image = await storeImage(from, [Buffer.from('one')]);
    expect(await copy(image, { place: registry })).toMatchObject({ sent: 2, moved: ['t'] });
  });

  it('is told which repository holds the blobs', async () => {
    const image = await storeImage(from, [Buffer.from('one')]);
    const { store, calls } = recording(to);
    const place = placeOf('docker://registry.example.com/os/a');
    const request = { from: { place, reader: from, descriptor: image }, to: { place: registry, reader: store } };
    await copyContent({ ...request, tags: ['t'], extent: 'image' }, store, silentReporter());
    const mountSource = { host: 'registry.example.com', repository: 'os/a' };
    expect(calls.flatMap((call) => (call.name === 'putBlob' ? [call.mountSource] : []))).toEqual([
      mountSource,
      mountSource,
    ]);
  });
});

describe('bad input', () => {
  const where = () => `oci:${join(base, 'from')}`;
  const manifest = (fields: Record<string, unknown>) => canonicalJson({ schemaVersion: 2, ...fields });

  async function refused(text: string | Buffer, mediaType: string) {
    const descriptor = await storeBytes(from, Buffer.from(text), mediaType);
    const error: unknown = await copy(descriptor).catch((thrown: unknown) => thrown);
    expect(await to.tagNames()).toEqual([]);
    return { error, digest: descriptor.digest };
  }

  const config = { mediaType: mediaTypes.config, digest: digestOf('{}'), size: 2 };

  it('refuses a foreign layer', async () => {
    const layer = {
      mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      digest: digestOf('x'),
      size: 1,
    };
    expect((await refused(manifest({ config, layers: [layer] }), mediaTypes.manifest)).error).toMatchObject({
      code: 'FOREIGN_LAYER',
      exitStatus: 4,
      message: `layer ${digestOf('x')} of ${where()} is a foreign layer (application/vnd.oci.image.layer.nondistributable.v1.tar+gzip): it lies elsewhere and is not copied`,
    });
  });

  it.each([
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
    'application/vnd.docker.distribution.manifest.v2+json',
  ])('refuses %s', async (mediaType) => {
    const { error, digest } = await refused('{}', mediaType);
    expect(error).toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      exitStatus: 4,
      message: `${digest} in ${where()} has the media type ${mediaType}; OCI manifests and indexes are copied`,
      hint: 'convert the image first: skopeo copy --format oci',
    });
  });

  it('refuses a blob with two sizes, of which one would never be checked', async () => {
    const layer = { mediaType: mediaTypes.layer, digest: digestOf('x'), size: 1 };
    const { error, digest } = await refused(
      manifest({ config, layers: [layer, { ...layer, size: 2 }] }),
      mediaTypes.manifest,
    );
    expect(error).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: `manifest ${digest}: blob ${digestOf('x')} has 2 bytes in one place, 1 in another`,
    });
  });

  it('refuses what is not UTF-8: it would not keep its digest', async () => {
    const text = manifest({ config, layers: [], annotations: { a: '?' } });
    const bytes = Buffer.from(text);
    bytes[text.indexOf('?')] = 0xff;
    const { error, digest } = await refused(bytes, mediaTypes.manifest);
    expect(error).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: `manifest ${digest} in ${where()} is not UTF-8`,
    });
  });

  it('refuses indexes of indexes without end', async () => {
    let index = await storeIndex(from, []);
    for (let depth = 0; depth < 5; depth++) index = await storeIndex(from, [index]);
    await expect(copy(index)).rejects.toMatchObject({ code: 'CONTENT_TOO_LARGE', exitStatus: 4 });
  });

  it('refuses more referrers than anybody has', async () => {
    const image = await storeImage(from, []);
    let number = 0;
    const endless = {
      ...from,
      referrers: async () => [{ ...image, digest: digestOf(String(number++)) }],
    };
    await expect(copy(image, { reader: endless, extent: 'referrers' })).rejects.toMatchObject({
      code: 'REFERRERS_TOO_MANY',
      exitStatus: 4,
      message: `more than 1000 manifests refer to ${where()}`,
    });
  });
});
