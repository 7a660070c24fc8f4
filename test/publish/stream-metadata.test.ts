import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFileKey, imagesKey, releaseIndexKey, releaseKey, streamKey } from '../../src/publish/keys.ts';
import { parseMetadata } from '../../src/publish/metadata/document.ts';
import type { PublishedBuild } from '../../src/publish/metadata/merge-release.ts';
import { type Release, releaseDocument } from '../../src/publish/metadata/release.ts';
import { type ReleaseIndex, releaseIndexDocument } from '../../src/publish/metadata/release-index.ts';
import { type Stream, streamDocument } from '../../src/publish/metadata/stream.ts';
import type { ObjectStore } from '../../src/publish/object-store.ts';
import { formatPublishedImages } from '../../src/publish/published-images.ts';
import { openObjectStore } from '../../src/publish/stores.ts';
import {
  newestPublishedVersion,
  onlyPublishedStream,
  publishedBuilds,
} from '../../src/publish/stream-metadata/published-builds.ts';
import { planMetadata, writeMetadata } from '../../src/publish/stream-metadata.ts';
import { readDocument } from '../../src/publish/update.ts';
import { silentSession } from '../helpers/session.ts';
import { type ExampleBuild, exampleBuild, exampleContent } from './example-build.ts';
import { placeObject, publishExample } from './publish-example.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-stream-'));
});
afterAll(() => rm(base, { recursive: true }));

const author = { generator: 'cosa 1.0.0', now: new Date('2026-03-01T10:00:00.123Z') };
const later = { generator: 'cosa 2.0.0', now: new Date('2026-03-02T10:00:00Z') };
const baseUrl = 'https://builds.example.com/os';
let roots = 0;

async function freshStore(): Promise<ObjectStore> {
  const root = join(base, `store-${roots++}`);
  await mkdir(root);
  return openObjectStore(pathToFileURL(root).href, { baseUrl }, silentSession());
}

/** Publishes a build's files and its images.json, as `cosa publish` leaves them. */
async function publish(store: ObjectStore, example: ExampleBuild): Promise<PublishedBuild> {
  const build = exampleBuild(example);
  await publishExample(fileURLToPath(store.url), build.images);
  return build;
}

function place(store: ObjectStore, key: string, content: string | Uint8Array): Promise<void> {
  return placeObject(fileURLToPath(store.url), key, content);
}

function update(builds: readonly [PublishedBuild, ...PublishedBuild[]], allowDowngrade = false, by = author) {
  return { builds, author: by, allowDowngrade };
}

async function textOf(store: ObjectStore, key: string): Promise<string> {
  return (await readDocument(store, key))?.text ?? '';
}

async function documentsOf(store: ObjectStore, version: string) {
  return {
    release: parseMetadata<Release>(
      releaseDocument,
      await textOf(store, releaseKey({ stream: 'stable', version })),
      '',
    ),
    index: parseMetadata<ReleaseIndex>(releaseIndexDocument, await textOf(store, releaseIndexKey('stable')), ''),
    stream: parseMetadata<Stream>(streamDocument, await textOf(store, streamKey('stable')), ''),
  };
}

/** Changes a stored document as somebody else would. */
async function edit<Document>(store: ObjectStore, key: string, change: (document: Document) => unknown): Promise<void> {
  const document = JSON.parse(await textOf(store, key)) as Document;
  change(document);
  await place(store, key, JSON.stringify(document));
}

describe('the metadata of a first version', () => {
  it('names every image as upstream does, where people find it', async () => {
    const store = await freshStore();
    const build = await publish(store, {});
    const written = await writeMetadata(store, update([build]));
    expect(written.documents.map(({ changed }) => changed)).toEqual([true, true, true]);
    const { release, index, stream } = await documentsOf(store, '13.0.0');
    const { artifacts } = stream.architectures.x86_64 ?? { artifacts: {} };
    expect(Object.keys(artifacts)).toEqual(['metal', 'qemu']);
    expect(Object.keys(artifacts.metal?.formats ?? {})).toEqual(['4k.raw.xz', 'iso', 'pxe', 'raw.xz']);
    expect(Object.keys(artifacts.metal?.formats.pxe ?? {})).toEqual(['initramfs', 'kernel', 'rootfs']);
    const file = `${baseUrl}/prod/streams/stable/builds/13.0.0/x86_64/example-13.0.0-metal4k.x86_64.raw.xz`;
    expect(artifacts.metal?.formats['4k.raw.xz']?.disk).toMatchObject({ location: file, signature: `${file}.sig` });
    expect(artifacts.qemu?.release).toBe('13.0.0');
    expect(stream.metadata).toEqual({ 'last-modified': '2026-03-01T10:00:00Z', generator: 'cosa 1.0.0' });
    expect(release.architectures.x86_64).toMatchObject({
      commit: build.images.container['ostree-commit'],
      'oci-image': build.container,
    });
    expect(release.architectures.x86_64?.media.metal?.artifacts).toEqual(artifacts.metal?.formats);
    expect(index.releases).toEqual([
      {
        version: '13.0.0',
        metadata: `${baseUrl}/prod/streams/stable/builds/13.0.0/release.json`,
        commits: [{ architecture: 'x86_64', checksum: build.images.container['ostree-commit'] }],
        'oci-images': [{ architecture: 'x86_64', ...build.container }],
      },
    ]);
  });

  it('is written once: done again, by whomever and whenever, nothing changes', async () => {
    const store = await freshStore();
    const build = await publish(store, {});
    await writeMetadata(store, update([build]));
    const before = await store.stat(streamKey('stable'));
    const again = await writeMetadata(store, update([build], false, later));
    expect(again.documents.map(({ changed }) => changed)).toEqual([false, false, false]);
    expect(await store.stat(streamKey('stable'))).toEqual(before);
  });

  it('can be looked at before it is written', async () => {
    const store = await freshStore();
    const build = await publish(store, {});
    const planned = await planMetadata(store, update([build]));
    expect(await store.stat(streamKey('stable'))).toBeUndefined();
    expect(await writeMetadata(store, update([build]))).toEqual(planned);
  });
});

describe('what others have written', () => {
  it('stays, wherever it stands', async () => {
    const store = await freshStore();
    const build = await publish(store, {});
    await writeMetadata(store, update([build]));
    await edit(store, streamKey('stable'), (stream: Stream) => {
      const qemu = stream.architectures.x86_64?.artifacts.qemu;
      const image = qemu?.formats['qcow2.xz'];
      Object.assign(stream, { note: 'of the stream' });
      Object.assign(qemu ?? {}, { since: 2020 });
      Object.assign(image ?? {}, { a: 1 });
      Object.assign(image?.disk ?? {}, { size: 5 });
      stream.architectures.riscv64 = { artifacts: {} };
    });
    await edit(store, releaseIndexKey('stable'), (index: { releases: object[] }) => {
      Object.assign(index.releases[0] as object, { barrier: true });
      index.releases.unshift({ version: '12.0.0', metadata: 'https://elsewhere.example.com/12.json' });
    });
    await edit(store, releaseKey({ stream: 'stable', version: '13.0.0' }), (release: Release) => {
      const { media } = release.architectures.x86_64 ?? { media: {} };
      media.aws = { images: { 'eu-north-1': { image: 'ami-1' } } };
      media.gcp = { image: { project: 'p', name: 'n' }, artifacts: { 'tar.gz': { disk: elsewhere('gcp') } } };
      media.azure = null;
    });
    const arm = await publish(store, { architecture: 'aarch64', images: [['qemu', 'qcow2.xz']] });
    await writeMetadata(store, update([arm, build], false, later));
    const { release, index, stream } = await documentsOf(store, '13.0.0');
    expect(Object.keys(stream.architectures)).toEqual(['aarch64', 'riscv64', 'x86_64']);
    expect(stream).toMatchObject({ note: 'of the stream', metadata: { generator: 'cosa 2.0.0' } });
    const qemu = stream.architectures.x86_64?.artifacts.qemu;
    expect(qemu).toMatchObject({ since: 2020, formats: { 'qcow2.xz': { a: 1, disk: { size: 5 } } } });
    expect(stream.architectures.x86_64?.images).toEqual({
      aws: { regions: { 'eu-north-1': { image: 'ami-1', release: '13.0.0' } } },
      gcp: { project: 'p', name: 'n', release: '13.0.0' },
    });
    expect(release.architectures.x86_64?.media.gcp?.artifacts).toEqual({ 'tar.gz': { disk: elsewhere('gcp') } });
    expect(release.architectures.x86_64?.media.azure).toBeNull();
    expect(index.releases.map(({ version }) => version)).toEqual(['12.0.0', '13.0.0']);
    expect(index.releases[1]).toMatchObject({ barrier: true, commits: [{}, {}], 'oci-images': [{}, {}] });
  });

  it('is never overwritten if it cannot be understood', async () => {
    const store = await freshStore();
    const build = await publish(store, {});
    for (const [text, code] of [
      ['{"stream": "stable", oops', 'METADATA_INVALID'],
      ['{"schema-version": "2.0.0"}', 'METADATA_NEWER'],
      ['{"stream": "testing", "metadata": {}, "architectures": {}}', 'STREAM_OTHER_PRODUCT'],
    ] as const) {
      await place(store, streamKey('stable'), text);
      await expect(writeMetadata(store, update([build]))).rejects.toMatchObject({ code, exitStatus: 4 });
      expect(await textOf(store, streamKey('stable'))).toBe(text);
    }
    // Nothing else was begun, either.
    expect(await store.stat(releaseKey({ stream: 'stable', version: '13.0.0' }))).toBeUndefined();
    expect(await store.stat(releaseIndexKey('stable'))).toBeUndefined();
  });

  it('is no reason to write what would not be as specified', async () => {
    const store = await freshStore();
    const build = await publish(store, {});
    await writeMetadata(store, update([build]));
    await edit(store, releaseKey({ stream: 'stable', version: '13.0.0' }), (release: Release) => {
      const { media } = release.architectures.x86_64 ?? { media: {} };
      media.aws = { images: { 'eu-north-1': { image: 5 } } };
    });
    await expect(writeMetadata(store, update([build]))).rejects.toMatchObject({
      code: 'METADATA_INVALID',
      message:
        'the new stream metadata would not be as specified: architectures.x86_64.images.aws.regions.eu-north-1.image: ' +
        'Invalid input: expected string, received number',
    });
  });
});

function elsewhere(platform: string) {
  return { location: `https://elsewhere.example.com/${platform}`, sha256: '0'.repeat(64) };
}

describe('a later version', () => {
  it('takes the place of the older one, where there is something of it', async () => {
    const store = await freshStore();
    const x86 = await publish(store, {});
    const arm = await publish(store, { architecture: 'aarch64' });
    await writeMetadata(store, update([x86, arm]));
    const next = await publish(store, { version: '13.0.10', images: [['qemu', 'qcow2.zst']] });
    const written = await writeMetadata(store, update([next]));
    const { stream, index } = await documentsOf(store, '13.0.10');
    expect(stream.architectures.x86_64?.artifacts.qemu).toMatchObject({ release: '13.0.10' });
    expect(Object.keys(stream.architectures.x86_64?.artifacts.qemu?.formats ?? {})).toEqual(['qcow2.zst']);
    expect(index.releases.map(({ version }) => version)).toEqual(['13.0.0', '13.0.10']);
    expect(written.others).toEqual([
      { architecture: 'aarch64', platform: 'metal', release: '13.0.0' },
      { architecture: 'aarch64', platform: 'qemu', release: '13.0.0' },
      { architecture: 'x86_64', platform: 'metal', release: '13.0.0' },
    ]);
  });

  it('does not give way to an older one, but on purpose', async () => {
    const store = await freshStore();
    const older = await publish(store, {});
    const newer = await publish(store, { version: '13.0.10' });
    await writeMetadata(store, update([newer]));
    await expect(writeMetadata(store, update([older]))).rejects.toMatchObject({
      code: 'STREAM_OLDER',
      exitStatus: 4,
      message: 'the stream stable has metal for x86_64 of version 13.0.10, which is newer than 13.0.0',
      hint: 'to go back to the older version on purpose, run the command with --allow-downgrade',
    });
    expect(await store.stat(releaseKey({ stream: 'stable', version: '13.0.0' }))).toBeUndefined();
    await writeMetadata(store, update([older], true));
    const { stream, index } = await documentsOf(store, '13.0.0');
    expect(stream.architectures.x86_64?.artifacts.qemu?.release).toBe('13.0.0');
    expect(index.releases.map(({ version }) => version)).toEqual(['13.0.0', '13.0.10']);
  });

  it('of another product is refused', async () => {
    const store = await freshStore();
    await writeMetadata(store, update([await publish(store, {})]));
    const other = await publish(store, { name: 'example-edge', version: '13.0.1' });
    await expect(writeMetadata(store, update([other]))).rejects.toMatchObject({
      code: 'STREAM_OTHER_PRODUCT',
      message: expect.stringMatching(
        /^the metadata that is there is of example \(.*\), and not of example-edge$/,
      ) as string,
    });
  });
});

describe('an object that is named', () => {
  it.each([
    ['is not there', (store: ObjectStore, key: string) => store.remove(key)],
    ['has 3 bytes instead of 900', (store: ObjectStore, key: string) => place(store, key, 'abc')],
  ])('but %s keeps all metadata from being written', async (how, spoil) => {
    const store = await freshStore();
    const build = await publish(store, { images: [['qemu', 'qcow2.xz']] });
    const key = buildFileKey(build.images, build.images.images[0]?.files[0]?.name ?? '');
    await spoil(store, key);
    await expect(writeMetadata(store, update([build]))).rejects.toMatchObject({
      code: 'RELEASE_MISSING_OBJECT',
      message: `${store.url}/${key} ${how}: no metadata names it`.replace(
        '900',
        String(exampleContent('example-13.0.0-qemu.x86_64.qcow2.xz').length),
      ),
    });
    expect(await store.stat(streamKey('stable'))).toBeUndefined();
  });
});

describe('what is published in a store', () => {
  it('is found: its stream, its newest version, its architectures', async () => {
    const store = await freshStore();
    const missing = { code: 'RELEASE_NOTHING', exitStatus: 2 };
    await expect(onlyPublishedStream(store)).rejects.toMatchObject(missing);
    await publish(store, { version: '13.0.9' });
    await publish(store, { version: '13.0.10', architecture: 'aarch64' });
    await publish(store, { version: '13.0.10' });
    expect(await onlyPublishedStream(store)).toBe('stable');
    expect(await newestPublishedVersion(store, 'stable')).toBe('13.0.10');
    const builds = await publishedBuilds(store, { stream: 'stable', version: '13.0.10' });
    expect(builds.map(({ architecture }) => architecture)).toEqual(['aarch64', 'x86_64']);
    await expect(publishedBuilds(store, { stream: 'stable', version: '14' })).rejects.toMatchObject(missing);
    await publish(store, { stream: 'next' });
    await expect(onlyPublishedStream(store)).rejects.toMatchObject({
      code: 'STREAM_AMBIGUOUS',
      message: `${store.url} has several streams: next, stable`,
    });
  });

  it('belongs together', async () => {
    const store = await freshStore();
    await publish(store, {});
    await publish(store, { architecture: 'aarch64', name: 'other' });
    await expect(publishedBuilds(store, { stream: 'stable', version: '13.0.0' })).rejects.toMatchObject({
      code: 'RELEASE_INCONSISTENT',
      message: 'version 13.0.0 of the stream stable is of other for aarch64, and of example for x86_64',
    });
    const misplaced = exampleBuild({ version: '14' }).images;
    const key = imagesKey({ stream: 'stable', version: '15', architecture: 'x86_64' });
    await place(store, key, formatPublishedImages(misplaced));
    await expect(publishedBuilds(store, { stream: 'stable', version: '15' })).rejects.toMatchObject({
      code: 'RELEASE_INCONSISTENT',
      message: `${store.url}/prod/streams/stable/builds/15/x86_64/images.json says that its version is 14`,
    });
  });
});
