import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { prettyJson } from '../../src/lib/canonical-json.ts';
import { digestOf, sha256Hex } from '../../src/lib/digest.ts';
import { readManifest } from '../../src/oci/image.ts';
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

/** Long after all of them. */
const now = Date.parse('2026-06-01T00:00:00Z');
const read = (at = now) => readTestResults(store, image.digest, at);

it('reads results back, oldest first, in whatever order they were stored', async () => {
  const times = ['2026-01-03T00:00:00.5Z', '2026-01-01T00:00:00Z', '2026-01-03T00:00:00Z'];
  const stored: Descriptor[] = [];
  for (const started of times) stored.push(await attachTestResult(store, image, result({ started })));
  const { results, unusable } = await read();
  expect(results.map((one) => one.result.started)).toEqual([times[1], times[2], times[0]]);
  expect(results.map(({ digest }) => digest)).toEqual([1, 2, 0].map((index) => stored[index]?.digest));
  expect(unusable).toEqual([]);
});

it('a failure is not outlived by a success of the same moment', async () => {
  await attachTestResult(store, image, result({ tests: [{ name: 'ssh', status: 'failed', milliseconds: 1 }] }));
  await attachTestResult(store, image, result({ tests: [{ name: 'ssh', status: 'passed', milliseconds: 1 }] }));
  expect((await read()).results.map((one) => hasPassed(one.result))).toEqual([true, false]);
});

it('what began in the future does not count: nothing could ever be newer', async () => {
  const attached = await attachTestResult(store, image, result({ started: '9999-01-01T00:00:00Z' }));
  await attachTestResult(store, image, result());
  const { results, unusable } = await read();
  expect(results).toHaveLength(1);
  expect(unusable).toEqual([
    {
      digest: attached.digest,
      reason: `test result ${attached.digest} says that its run began in the future: 9999-01-01T00:00:00Z`,
    },
  ]);
});

it('clocks may differ by some minutes', async () => {
  await attachTestResult(store, image, result());
  const started = Date.parse(result().started);
  expect((await read(started - 9 * 60_000)).results).toHaveLength(1);
  expect((await read(started - 11 * 60_000)).results).toHaveLength(0);
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

it('is a file with a name for tools that make files of artifacts', async () => {
  const { layers } = await readManifest(store, await attachTestResult(store, image, result()));
  expect(layers[0]?.annotations).toEqual({ 'org.opencontainers.image.title': 'test-result.json' });
});

it('leaves out what speaks of another container', async () => {
  await attachTestResult(store, image, result({ subject: digestOf('another') }));
  expect(await read()).toEqual({ results: [], unusable: [] });
});

const twice = { name: 'ssh', status: 'passed', milliseconds: 1 } as const;

it.each([
  ['has no suite', { suite: '' }, 'suite: Too small: expected string to have >=1 characters'],
  [
    'tells of a test twice',
    { tests: [{ ...twice, status: 'failed' as const }, twice] },
    'tests: a test is there twice',
  ],
])('what %s does not count, and keeps nobody from the others', async (_what, changes, problem) => {
  const attached = await attachTestResult(store, image, result(changes));
  await attachTestResult(store, image, result());
  const { results, unusable } = await read();
  expect(results).toHaveLength(1);
  expect(unusable).toEqual([{ digest: attached.digest, reason: `test result ${attached.digest}: ${problem}` }]);
});

it('one whose document is gone does not count either', async () => {
  const attached = await attachTestResult(store, image, result());
  const document = Buffer.from(prettyJson(result()));
  await rm(join(directory, 'blobs/sha256', sha256Hex(document)));
  expect(await read()).toMatchObject({ results: [], unusable: [{ digest: attached.digest }] });
});
