import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { digestHex } from '../../../src/lib/digest.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { checkLayout } from '../../../src/oci/layout/check.ts';
import { pruneLayout } from '../../../src/oci/layout/prune.ts';
import { setDamagedAside } from '../../../src/oci/layout/repair.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { attachTestResult, type TestResult } from '../../../src/oci/test-result.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { storeImage } from '../../helpers/image.ts';

let directory: string;
let old: Descriptor;
let current: Descriptor;

function result(subject: Descriptor): TestResult {
  const tests = [{ name: 'ssh', status: 'passed' as const, milliseconds: 1 }];
  const machine = { firmware: 'bios', accelerator: 'tcg' } as const;
  return {
    schemaVersion: 1,
    subject: subject.digest,
    suite: 'basic',
    complete: true,
    ...machine,
    started: '2026-01-01T00:00:00Z',
    tests,
  };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-prune-'));
  await using store = await openLayoutForWriting(directory);
  old = await storeImage(store, [Buffer.from('shared'), Buffer.from('old')]);
  current = await storeImage(store, [Buffer.from('shared'), Buffer.from('current')]);
  await store.setTags(['1'], old);
  await store.setTags(['2', 'stable'], current);
  await attachTestResult(store, old, result(old));
  await attachTestResult(store, current, result(current));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('pruneLayout', () => {
  it('removes a tag, its referrers and what only they needed', async () => {
    const removed = await pruneLayout(directory, async () => new Set(['1']), false);
    // Manifest, config and layer of the image; manifest and document of its test result.
    expect(removed).toMatchObject({ tags: ['1'], blobs: 5, leftovers: 0 });
    const reader = await openLayout(directory);
    expect([...(await reader.listTags()).keys()]).toEqual(['2', 'stable']);
    expect(await reader.referrers(old.digest)).toEqual([]);
    expect(await reader.referrers(current.digest)).toHaveLength(1);
    expect(await checkLayout(directory, silentReporter())).toMatchObject({ problems: [], unreferenced: { blobs: 0 } });
  });

  it('says the same beforehand and changes nothing', async () => {
    const index = await readFile(join(directory, 'index.json'));
    const dry = await pruneLayout(directory, async () => new Set(['1']), true);
    expect(await readFile(join(directory, 'index.json'))).toEqual(index);
    expect(await pruneLayout(directory, async () => new Set(['1']), false)).toEqual(dry);
  });

  it('keeps the images of an index, and a referrer of a referrer', async () => {
    await using store = await openLayoutForWriting(directory);
    const index = canonicalJson({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [{ ...old }],
    } as never);
    await store.setTags(['all'], await store.putManifest(index, mediaTypes.index));
    const [tested] = await store.referrers(old.digest);
    await attachTestResult(store, tested ?? expect.fail(), result(old));
    await store[Symbol.asyncDispose]();
    expect(await pruneLayout(directory, async () => new Set(['1']), false)).toMatchObject({ blobs: 0 });
    expect(await checkLayout(directory, silentReporter())).toMatchObject({ problems: [], unreferenced: { blobs: 0 } });
  });

  it('removes tags, and no blob, while a manifest that stays is damaged', async () => {
    await writeFile(blobPath(current), Buffer.alloc(current.size, ' '));
    const blobs = await readdir(join(directory, 'blobs/sha256'));
    expect(await pruneLayout(directory, async () => new Set(['1']), false)).toEqual({
      tags: ['1'],
      blobs: 0,
      bytes: 0,
      leftovers: 0,
      unreadable: [expect.stringContaining(`blob ${current.digest} in ${directory} is damaged`)],
    });
    expect(await readdir(join(directory, 'blobs/sha256'))).toEqual(blobs);
    expect([...(await (await openLayout(directory)).listTags()).keys()]).toEqual(['2', 'stable']);
    // Once it is out of the way, nothing is kept for its sake.
    expect(await setDamagedAside(directory, [current.digest])).toEqual([current.digest]);
    expect(await pruneLayout(directory, async () => new Set(), false)).toMatchObject({ leftovers: 1, unreadable: [] });
    expect(await readdir(join(directory, '.cosa/damaged'))).toEqual([]);
  });

  it('forgets an entry without a tag whose manifest is gone', async () => {
    const [tested] = await (await openLayout(directory)).referrers(current.digest);
    await rm(blobPath(tested ?? expect.fail()));
    await pruneLayout(directory, async () => new Set(), false);
    expect(await (await openLayout(directory)).untagged()).toEqual([]);
    expect(await readFile(join(directory, 'index.json'), 'utf8')).not.toContain(tested?.digest);
  });

  it.each([
    ['with more layers than anybody reads', { layers: 600 }, mediaTypes.manifest],
    ["in Docker's format", { layers: 1 }, 'application/vnd.docker.distribution.manifest.v2+json'],
  ])('keeps what an image needs %s', async (_name, { layers }, mediaType) => {
    await using store = await openLayoutForWriting(directory);
    const content = Array.from({ length: layers }, (_, index) => Buffer.from(`layer ${index}`));
    const blobs = [];
    for (const bytes of content) blobs.push(await storeBytes(store, bytes, mediaTypes.layer));
    // Test results have it, too.
    const config = await storeBytes(store, Buffer.from('{}'), mediaTypes.config);
    const text = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: blobs });
    const manifest = await storeBytes(store, Buffer.from(text), mediaType);
    await store.setTags(['foreign'], manifest);
    await store[Symbol.asyncDispose]();
    expect(await pruneLayout(directory, async () => new Set(), false)).toMatchObject({ blobs: 0, unreadable: [] });
    expect(await pruneLayout(directory, async () => new Set(['foreign']), false)).toMatchObject({ blobs: layers + 1 });
  });

  it('makes room in an index that is longer than others read', async () => {
    const file = join(directory, 'index.json');
    const index = JSON.parse(await readFile(file, 'utf8'));
    const tag = (name: string) => ({ ...old, annotations: { 'org.opencontainers.image.ref.name': name } });
    const many = Array.from({ length: 100_001 }, (_, number) => tag(`t${number}`));
    await writeFile(file, JSON.stringify({ ...index, manifests: [...index.manifests, ...many] }));
    const full = { code: 'INDEX_INVALID', hint: 'remove builds that nobody needs: cosa prune --keep COUNT' };
    await expect((await openLayout(directory)).tagNames()).rejects.toMatchObject(full);
    const choose = async () => new Set(many.map((_, number) => `t${number}`));
    expect((await pruneLayout(directory, choose, false)).tags).toHaveLength(100_001);
    expect(await (await openLayout(directory)).tagNames()).toEqual(['1', '2', 'stable']);
  });
});

function blobPath({ digest }: Descriptor): string {
  return join(directory, 'blobs/sha256', digestHex(digest));
}
