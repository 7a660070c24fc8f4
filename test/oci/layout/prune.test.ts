import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { silentReporter } from '../../../src/lib/reporter.ts';
import { checkLayout } from '../../../src/oci/layout/check.ts';
import { pruneLayout } from '../../../src/oci/layout/prune.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { attachTestResult, type TestResult } from '../../../src/oci/test-result.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
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

  it('removes nothing while a manifest cannot be read', async () => {
    await writeFile(join(directory, 'blobs/sha256', current.digest.slice(7)), Buffer.alloc(current.size, ' '));
    await expect(pruneLayout(directory, async () => new Set(['1']), false)).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
    });
    expect([...(await (await openLayout(directory)).listTags()).keys()]).toEqual(['1', '2', 'stable']);
  });
});
