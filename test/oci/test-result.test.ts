import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/digest.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import type { ContentStore } from '../../src/oci/store.ts';
import { attachTestResult, hasPassed, readTestResults, type TestResult } from '../../src/oci/test-result.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import { storeImage } from '../helpers/image.ts';

let directory: string;
let store: ContentStore & AsyncDisposable;
let image: Descriptor;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-result-'));
  store = await openLayoutForWriting(directory);
  image = await storeImage(store, [Buffer.from('os')]);
  await store.setTags(['1'], image);
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function result(changes: Partial<TestResult> = {}): TestResult {
  return {
    schemaVersion: 1,
    subject: image.digest,
    suite: 'basic',
    complete: true,
    firmware: 'uefi-secure',
    accelerator: 'kvm',
    started: '2026-01-01T00:00:00Z',
    tests: [
      { name: 'ssh', status: 'passed', milliseconds: 1.5 },
      { name: 'reboot', status: 'failed', milliseconds: 2, log: 'Kernel panic' },
    ],
    ...changes,
  };
}

it('reads results back, oldest first, in whatever order they were stored', async () => {
  const results = ['2026-01-03', '2026-01-01', '2026-01-02'].map((day) => result({ started: `${day}T00:00:00Z` }));
  for (const one of results) await attachTestResult(store, image, one);
  expect((await readTestResults(store, image.digest)).map(({ started }) => started.slice(8, 10))).toEqual([
    '01',
    '02',
    '03',
  ]);
});

it('has not passed if one test failed', () => {
  expect(hasPassed(result())).toBe(false);
  expect(hasPassed(result({ tests: [{ name: 'ssh', status: 'passed', milliseconds: 1 }] }))).toBe(true);
});

it('says suite and status in the annotations, for whoever lists referrers', async () => {
  expect((await attachTestResult(store, image, result())).annotations).toEqual({
    'org.opencontainers.image.created': '2026-01-01T00:00:00Z',
    'cosa.test.suite': 'basic',
    'cosa.test.status': 'failed',
  });
});

it('leaves out what speaks of another container', async () => {
  await attachTestResult(store, image, result({ subject: digestOf('another') }));
  expect(await readTestResults(store, image.digest)).toEqual([]);
});

it('refuses a document that is none', async () => {
  const attached = await attachTestResult(store, image, result({ suite: '' }));
  await expect(readTestResults(store, image.digest)).rejects.toMatchObject({
    code: 'TEST_RESULT_INVALID',
    exitStatus: 4,
    message: `test result ${attached.digest}: suite: Too small: expected string to have >=1 characters`,
  });
});
