import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { readImage } from '../../src/oci/image.ts';
import { openLayout, openLayoutForWriting } from '../../src/oci/layout.ts';
import { attachTestResult, readTestResults, type TestResult } from '../../src/oci/test-result.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { collect, storeImage } from '../helpers/image.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-layout-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('an OCI layout', () => {
  it('keeps blobs, images and tags', async () => {
    await using store = await openLayoutForWriting(directory);
    const image = await storeImage(store, [Buffer.from('one'), Buffer.from('two')]);
    await store.setTags(['41.0', 'stable-candidate'], image);

    const reader = await openLayout(directory);
    expect([...(await reader.listTags()).keys()]).toEqual(['41.0', 'stable-candidate']);
    const { manifest, config } = await readImage(reader, (await reader.resolveTag('41.0')) ?? image);
    expect(manifest.layers).toHaveLength(2);
    expect(config.rootfs.diff_ids).toEqual([digestOf('one'), digestOf('two')]);
  });

  it('keeps a blob that comes in pieces of any size', async () => {
    await using store = await openLayoutForWriting(directory);
    const pieces = [0, 1, 300_000, 400_000, 2_000_000, 7].map((length, index) => Buffer.alloc(length, String(index)));
    const whole = Buffer.concat(pieces);
    const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(whole), size: whole.length };
    let told = 0;
    const open = async function* () {
      yield* pieces;
    };
    await store.putBlob({ descriptor, open }, { onBytes: (bytes) => (told += bytes) });
    expect(whole.equals(await collect(store.readBlob(descriptor)))).toBe(true);
    expect(told).toBe(whole.length);
  });

  it.each(['tw', 'two!'])('does not keep a blob that became %s on its way', async (content) => {
    await using store = await openLayoutForWriting(directory);
    const descriptor = { mediaType: mediaTypes.layer, digest: digestOf('two'), size: 3 };
    const open = async function* () {
      yield Buffer.from(content);
    };
    await expect(store.putBlob({ descriptor, open })).rejects.toMatchObject({
      code: 'BLOB_SIZE_MISMATCH',
      exitStatus: 4,
    });
    expect(await readdir(join(directory, 'blobs/sha256'))).toEqual([]);
    expect(await readdir(join(directory, '.cosa/tmp'))).toEqual([]);
  });

  it('is refused where there is none', async () => {
    await expect(openLayout(directory)).rejects.toMatchObject({ code: 'LAYOUT_MISSING', exitStatus: 2 });
  });

  it('moves a tag only from where it is expected', async () => {
    await using store = await openLayoutForWriting(directory);
    const one = await storeImage(store, [Buffer.from('one')]);
    const two = await storeImage(store, [Buffer.from('two')]);
    await store.setTags(['stable'], one, new Map([['stable', undefined]]));
    await expect(store.setTags(['stable'], two, new Map([['stable', two.digest]]))).rejects.toMatchObject({
      code: 'TAG_MOVED',
      exitStatus: 4,
    });
    await store.setTags(['stable'], two, new Map([['stable', one.digest]]));
    expect((await store.resolveTag('stable'))?.digest).toBe(two.digest);
  });

  it('refuses a tag that registries would not take, and one to nothing', async () => {
    await using store = await openLayoutForWriting(directory);
    const image = await storeImage(store, []);
    await expect(store.setTags(['a/b'], image)).rejects.toMatchObject({ code: 'TAG_INVALID' });
    await expect(store.setTags(['a'], { ...image, digest: digestOf('none') })).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
  });

  it('lists referrers by subject and artifact type', async () => {
    await using store = await openLayoutForWriting(directory);
    const image = await storeImage(store, [Buffer.from('one')]);
    await store.setTags(['stable'], image);
    const result: TestResult = {
      schemaVersion: 1,
      subject: image.digest,
      suite: 'basic',
      complete: true,
      firmware: 'uefi',
      accelerator: 'tcg',
      started: '2026-01-02T03:04:05Z',
      tests: [{ name: 'ssh', status: 'passed', milliseconds: 12 }],
    };
    const attached = await attachTestResult(store, image, result);
    expect((await store.referrers(image.digest)).map(({ digest }) => digest)).toEqual([attached.digest]);
    expect(await store.referrers(image.digest, 'application/spdx+json')).toEqual([]);
    expect(await store.referrers(digestOf('other'))).toEqual([]);
    const { results } = await readTestResults(store, image.digest, Date.now());
    expect(results.map((stored) => stored.result)).toEqual([result]);
    expect([...(await store.listTags()).keys()]).toEqual(['stable']);
  });

  describe('read back', () => {
    const damages = [
      { name: 'a flipped byte', content: 'onf', code: 'BLOB_DIGEST_MISMATCH' },
      { name: 'a truncated blob', content: 'on', code: 'BLOB_SIZE_MISMATCH' },
      { name: 'a longer blob', content: 'one!', code: 'BLOB_SIZE_MISMATCH' },
    ];
    it.each(damages)('finds $name', async ({ content, code }) => {
      await using store = await openLayoutForWriting(directory);
      const blob = await storeBytes(store, Buffer.from('one'), mediaTypes.layer);
      await writeFile(join(directory, 'blobs/sha256', blob.digest.slice(7)), content);
      await expect(collect(store.readBlob(blob))).rejects.toMatchObject({ code, exitStatus: 4 });
    });
  });

  it('writes the files that the specification names', async () => {
    await using store = await openLayoutForWriting(directory);
    const image = await storeImage(store, []);
    await store.setTags(['stable'], image);
    expect(await readFile(join(directory, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(await readFile(join(directory, 'index.json'), 'utf8')).toBe(
      canonicalJson({
        schemaVersion: 2,
        mediaType: mediaTypes.index,
        manifests: [{ ...image, annotations: { 'org.opencontainers.image.ref.name': 'stable' } }] as never,
      }),
    );
  });
});
