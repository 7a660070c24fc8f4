import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../../src/lib/canonical-json.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { storeImage } from '../../helpers/image.ts';

const refName = 'org.opencontainers.image.ref.name';

let directory: string;
let file: string;
let image: Descriptor;
let artifact: Descriptor;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-entries-'));
  file = join(directory, 'index.json');
  await using store = await openLayoutForWriting(directory);
  image = await storeImage(store, [Buffer.from('one')]);
  await store.setTags(['stable'], image);
  artifact = await attachArtifact(store, image, { artifactType: 'text/plain', content: Buffer.from('x') });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function change(edit: (entries: unknown[]) => unknown, fields: Record<string, Json> = {}) {
  const index = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...index, ...fields, manifests: edit(index.manifests) }));
}

const gone = { mediaType: mediaTypes.manifest, digest: digestOf('gone'), size: 4 };
const odd: readonly (readonly [name: string, entry: Json, reason: string])[] = [
  ['whose blob is gone', gone, `blob ${gone.digest} is missing in `],
  [
    'with a digest of another kind',
    { ...gone, digest: `sha512:${'a'.repeat(128)}` },
    'entry 2: digest: expected sha256: and 64 hexadecimal digits',
  ],
  ['that is no object', 'x', 'entry 2: the document: Invalid input: expected object, received string'],
  ['that is null', null, 'entry 2: the document: Invalid input: expected object, received null'],
  ['without a size', { mediaType: 'x', digest: digestOf('') }, 'entry 2: size: '],
];

describe('an odd entry of index.json', () => {
  it.each(odd)('is named, and the others are read: one %s', async (_name, entry, reason) => {
    await change((entries) => [...entries, entry]);
    const reader = await openLayout(directory);
    expect((await reader.resolveTag('stable'))?.digest).toBe(image.digest);
    expect((await reader.referrers(image.digest)).map(({ digest }) => digest)).toEqual([artifact.digest]);
    expect(await reader.untagged()).toMatchObject([{ reason: expect.stringContaining(reason) }]);
  });

  it.each(odd)('stays when a tag moves: one %s', async (_name, entry) => {
    await change((entries) => [...entries, entry]);
    await using store = await openLayoutForWriting(directory);
    await store.setTags(['other'], image);
    expect(JSON.parse(await readFile(file, 'utf8')).manifests).toContainEqual(entry);
    expect(await store.tagNames()).toEqual(['other', 'stable']);
  });

  it('may have null for whatever it may leave out', async () => {
    const nulls = { annotations: null, platform: null, artifactType: null, urls: null, data: null };
    await change((entries) => [...entries, { ...image, ...nulls }]);
    expect(await (await openLayout(directory)).untagged()).toMatchObject([
      { descriptor: { digest: image.digest }, reason: undefined },
    ]);
  });

  it('is none where there is no list', async () => {
    await change(() => null);
    expect(await (await openLayout(directory)).tagNames()).toEqual([]);
  });

  it('with the tag of another does not count: the first does', async () => {
    await using store = await openLayoutForWriting(directory);
    const second = await storeImage(store, [Buffer.from('two')]);
    await change((entries) => [...entries, { ...second, annotations: { [refName]: 'stable' } }]);
    expect((await store.resolveTag('stable'))?.digest).toBe(image.digest);
    expect(await store.untagged()).toMatchObject([
      {
        descriptor: { digest: second.digest },
        reason: 'the tag "stable" stands in the index twice, and the first entry counts',
      },
    ]);
  });
});

describe('an index.json of somebody else', () => {
  it('keeps every field when a tag moves', async () => {
    const foreign = {
      ...gone,
      urls: ['https://example.com/blob'],
      data: 'e30=',
      annotations: { [refName]: 'theirs', 'com.example.a': 'b' },
      platform: { os: 'windows', architecture: 'amd64', 'os.version': '10.0', 'os.features': ['win32k'] },
      'com.example.unknown': { deep: [1, null] },
    };
    const annotations = { 'com.example.index': 'x' };
    await change((entries) => [...entries, foreign], { annotations, 'com.example.more': [true] });
    await using store = await openLayoutForWriting(directory);
    await store.setTags(['mine'], image);
    const after = JSON.parse(await readFile(file, 'utf8'));
    expect(after).toMatchObject({ annotations, 'com.example.more': [true] });
    expect(after.manifests).toContainEqual(foreign);
    expect(await readFile(file, 'utf8')).toBe(canonicalJson(after));
  });

  it('may not be nested without end', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    await writeFile(file, `{"schemaVersion":2,"manifests":[],"x":${deep}}`);
    await expect((await openLayout(directory)).tagNames()).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      exitStatus: 4,
      message: `${file} is nested more than 100 levels deep`,
    });
  });

  it('that is full takes no more, and still lets a tag move', async () => {
    const tag = (name: string) => ({ ...image, annotations: { [refName]: name } });
    await change(() => Array.from({ length: 10_000 }, (_, number) => tag(`t${number}`)));
    await using store = await openLayoutForWriting(directory);
    await expect(store.setTags(['one-more'], image)).rejects.toMatchObject({
      code: 'LAYOUT_FULL',
      exitStatus: 2,
      message: `${directory} has 10000 entries; at most 10000 are written`,
      hint: 'remove builds that nobody needs first: cosa prune --keep COUNT',
    });
    await store.setTags(['t5'], await storeImage(store, [Buffer.from('two')]));
    expect(await store.tagNames()).toHaveLength(10_000);
  });
});
