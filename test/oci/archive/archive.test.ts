import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { temporaryName } from '../../../src/lib/files.ts';
import { openArchive, openArchiveForWriting } from '../../../src/oci/archive.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { readImage } from '../../../src/oci/image.ts';
import { openReference } from '../../../src/oci/open.ts';
import { createRegistries } from '../../../src/oci/registry.ts';
import type { ContentStore } from '../../../src/oci/store.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { collect, storeImage } from '../../helpers/image.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-archive-'));
  file = join(directory, 'os.tar');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Stores an image of one layer under these tags. */
async function add(text: string, tags: readonly string[], path = file): Promise<Descriptor> {
  await using store = await openArchiveForWriting(path);
  const image = await storeImage(store, [Buffer.from(text)]);
  await store.setTags(tags, image);
  return image;
}

async function layersOf(image: Descriptor): Promise<string[]> {
  const reader = await openArchive(file);
  const { manifest } = await readImage(reader, image);
  const layers = manifest.layers.map(async (layer) => (await collect(reader.readBlob(layer))).toString());
  return Promise.all(layers);
}

async function tags(): Promise<[string, string][]> {
  return [...(await (await openArchive(file)).listTags())].map(([tag, { digest }]) => [tag, digest]);
}

describe('an archive', () => {
  it('gives back what was put into it, whatever its sizes, and is the same bytes whatever was written first', async () => {
    const contents = fc.uniqueArray(fc.uint8Array({ maxLength: 2000 }), {
      minLength: 1,
      maxLength: 6,
      selector: String,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(contents, async (layers) => {
        const paths = [join(directory, `${++run}.tar`), join(directory, `${run}-again.tar`)] as const;
        for (const [path, order] of [[paths[0], layers] as const, [paths[1], layers.toReversed()] as const]) {
          await using store = await openArchiveForWriting(path);
          for (const layer of order) await storeImage(store, [layer]);
          for (const [index, layer] of layers.entries()) {
            await store.setTags([`t${index}`], await storeImage(store, [layer]));
          }
        }
        expect((await readFile(paths[0])).equals(await readFile(paths[1]))).toBe(true);
        const reader = await openArchive(paths[0]);
        for (const layer of layers) {
          const blob = { mediaType: 'x', digest: digestOf(layer), size: layer.length };
          expect(Buffer.from(layer).equals(await collect(reader.readBlob(blob)))).toBe(true);
        }
        expect(await reader.tagNames()).toEqual(layers.map((_, index) => `t${index}`));
      }),
      { numRuns: 5 },
    );
  });

  it('keeps what it holds', async () => {
    const first = await add('one', ['1', 'stable']);
    const second = await add('two', ['2', 'stable']);
    expect(await tags()).toEqual([
      ['1', first.digest],
      ['2', second.digest],
      ['stable', second.digest],
    ]);
    expect(await layersOf(first)).toEqual(['one']);
    expect(await layersOf(second)).toEqual(['two']);
    expect(await readdir(directory)).toEqual(['os.tar']);
  });

  it('tags what it holds already', async () => {
    const image = await add('one', ['1']);
    {
      await using store = await openArchiveForWriting(file);
      await store.setTags(['stable'], image);
      expect(await store.tagNames()).toEqual(['1', 'stable']);
      // Nothing has happened to the archive yet.
      expect(await tags()).toHaveLength(1);
    }
    expect(await tags()).toEqual([
      ['1', image.digest],
      ['stable', image.digest],
    ]);
  });

  it('is not touched by a writer that sets no tag, or changes nothing', async () => {
    const image = await add('one', ['1']);
    const { ino } = await stat(file);
    {
      await using store = await openArchiveForWriting(file);
      await storeImage(store, [Buffer.from('lost')]);
    }
    {
      await using store = await openArchiveForWriting(file);
      await store.setTags(['1'], image);
    }
    expect((await stat(file)).ino).toBe(ino);
    {
      await using store = await openArchiveForWriting(join(directory, 'none.tar'));
      await storeImage(store, [Buffer.from('lost')]);
    }
    expect(await readdir(directory)).toEqual(['os.tar']);
  });

  it('holds referrers', async () => {
    const image = await add('one', ['1']);
    const attach = (store: ContentStore) =>
      attachArtifact(store, image, { artifactType: 'application/test', content: Buffer.from('{}') });
    for (let time = 0; time < 2; time++) {
      await using store = await openArchiveForWriting(file);
      await attach(store);
    }
    const reader = await openArchive(file);
    expect(await reader.referrers(image.digest, 'application/test')).toHaveLength(1);
    expect(await reader.untagged()).toEqual([]);
  });

  it('may hold an image without a tag, which is found if it is the only one', async () => {
    const image = await add('one', []);
    await using registries = createRegistries({}, { environment: {} });
    expect((await openReference('oci-archive:os.tar', directory, registries)).descriptor.digest).toBe(image.digest);
    const other = await add('two', []);
    await expect(openReference('oci-archive:os.tar', directory, registries)).rejects.toMatchObject({
      code: 'REFERENCE_AMBIGUOUS',
      message: `oci-archive:os.tar holds 2 images: ${image.digest}, ${other.digest}`,
      hint: 'choose one: oci-archive:os.tar@DIGEST',
    });
    const chosen = await openReference(`oci-archive:os.tar@${other.digest}`, directory, registries);
    expect(chosen.descriptor.digest).toBe(other.digest);
    await expect(openReference('oci-archive:os.tar:1', directory, registries)).rejects.toMatchObject({
      code: 'TAG_UNKNOWN',
      message: `oci-archive:${file} has no tag or digest "1"`,
    });
    await expect(openReference('oci-archive:absent.tar', directory, registries)).rejects.toMatchObject({
      code: 'ARCHIVE_MISSING',
      exitStatus: 2,
      message: `there is no archive ${join(directory, 'absent.tar')}`,
    });
  });

  it('is read on from where it lies when another takes its place', async () => {
    const first = await add('one', ['1']);
    const reader = await openArchive(file);
    const second = await add('two, and longer', ['2']);
    expect(await reader.tagNames()).toEqual(['1', '2']);
    for (const image of [first, second]) expect((await readImage(reader, image)).descriptor).toEqual(image);
  });
});

describe('writers at once', () => {
  it('lose nothing of each other', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `t${index}`);
    const images = await Promise.all(names.map((name) => add(name, [name])));
    expect(await tags()).toEqual(names.map((name, index) => [name, images[index]?.digest]));
    expect(await readdir(directory)).toEqual(['os.tar']);
  });

  it('move a tag only from where they expect it', async () => {
    const before = await add('one', ['stable']);
    async function move(text: string): Promise<void> {
      await using store = await openArchiveForWriting(file);
      const image = await storeImage(store, [Buffer.from(text)]);
      await store.setTags(['stable'], image, new Map([['stable', before.digest]]));
    }
    const results = await Promise.allSettled([move('two'), move('three')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'TAG_MOVED', exitStatus: 4 },
    });
    await expect(move('four')).rejects.toMatchObject({ code: 'TAG_MOVED' });
    expect(await readdir(directory)).toEqual(['os.tar']);
  });

  it('may move a tag more than once', async () => {
    const before = await add('one', ['stable']);
    let last = before;
    {
      await using store = await openArchiveForWriting(file);
      for (const text of ['two', 'three']) {
        const image = await storeImage(store, [Buffer.from(text)]);
        await store.setTags(['new'], image, new Map([['new', last === before ? undefined : last.digest]]));
        await store.setTags(['stable'], image, new Map([['stable', last.digest]]));
        last = image;
      }
    }
    expect(await tags()).toEqual([
      ['new', last.digest],
      ['stable', last.digest],
    ]);
  });

  it('refuse tags that are none, and manifests that are nowhere', async () => {
    const image = await add('one', ['1']);
    await using store = await openArchiveForWriting(file);
    await expect(store.setTags(['-'], image)).rejects.toMatchObject({ code: 'TAG_INVALID', exitStatus: 2 });
    const absent: Descriptor = { ...image, digest: `sha256:${'0'.repeat(64)}` };
    await expect(store.setTags(['2'], absent)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: `blob ${absent.digest} is missing in ${file}`,
    });
  });

  it('remove what killed ones left, and nothing else', async () => {
    await add('one', ['1']);
    const left = temporaryName(file);
    await mkdir(join(left, 'blobs', 'sha256'), { recursive: true });
    await writeFile(temporaryName(file), 'half an archive');
    await writeFile(temporaryName(join(directory, 'other.tar')), "another's");
    await using running = await openArchiveForWriting(file);
    const image = await storeImage(running, [Buffer.from('two')]);
    await add('three', ['3']);
    await running.setTags(['2'], image);
    const names = await readdir(directory);
    expect(names.filter((name) => name.startsWith('.other.tar.'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('.os.tar.'))).toHaveLength(1);
  });
});
