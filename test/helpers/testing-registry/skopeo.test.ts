import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import type { Digest } from '../../../src/lib/digest.ts';
import { checkLayout } from '../../../src/oci/layout/check.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { storeImage } from '../image.ts';
import { entry, tarOf } from '../ostree-layers.ts';
import { skopeo } from '../peers.ts';
import { startTestingRegistry } from '../testing-registry.ts';
import type { Authentication } from './authentication.ts';

let directory: string;
let digest: Digest;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-skopeo-'));
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  const layers = ['one', 'two'].map((content) => tarOf([entry('file', {}, content.repeat(200_000))]));
  const image = await storeImage(store, layers);
  await store.setTags(['1'], image);
  digest = image.digest;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const users = [{ name: 'builder', password: 'letmein', access: 'push' }] as const;
const flavours: Authentication[] = [{ kind: 'none' }, { kind: 'basic', users }, { kind: 'bearer', users }];

it.each(flavours)('skopeo pushes and pulls, lists and deletes: $kind', async (authentication) => {
  await using registry = await startTestingRegistry({ authentication });
  const reference = `docker://${registry.host}/os/example:stable`;
  const credentials = authentication.kind === 'none' ? [] : ['--creds', 'builder:letmein'];
  const copy = ['--insecure-policy', 'copy', '--preserve-digests'];
  const to = ['--dest-tls-verify=false', ...credentials.map((option) => option.replace('--creds', '--dest-creds'))];
  const from = ['--src-tls-verify=false', ...credentials.map((option) => option.replace('--creds', '--src-creds'))];
  await run(skopeo, [...copy, ...to, `oci:${directory}/oci:1`, reference]);
  expect(registry.tags('os/example')).toEqual(new Map([['stable', digest]]));
  await run(skopeo, [...copy, ...from, reference, `oci:${directory}/copy:1`]);
  expect((await (await openLayout(join(directory, 'copy'))).resolveTag('1'))?.digest).toBe(digest);
  expect(await checkLayout(join(directory, 'copy'), silentReporter())).toMatchObject({ problems: [], blobs: 4 });
  const options = ['--tls-verify=false', ...credentials];
  const { stdout } = await run(skopeo, ['list-tags', ...options, `docker://${registry.host}/os/example`]);
  expect(JSON.parse(stdout)).toMatchObject({ Tags: ['stable'] });
  await run(skopeo, ['delete', ...options, reference]);
  expect(registry.tags('os/example')).toEqual(new Map());
});

it('lets skopeo see its faults', async () => {
  await using registry = await startTestingRegistry();
  const reference = `docker://${registry.host}/os/example:stable`;
  const copy = ['--insecure-policy', 'copy', '--preserve-digests'];
  await run(skopeo, [...copy, '--dest-tls-verify=false', `oci:${directory}/oci:1`, reference]);
  // For good: newer versions try again by themselves.
  registry.inject({ match: { method: 'GET', path: /blobs/ }, fault: { kind: 'corrupt', offset: 5 }, times: 1000 });
  const pull = [...copy, '--src-tls-verify=false', reference, `oci:${directory}/copy:1`];
  await expect(run(skopeo, pull)).rejects.toThrow(/[Dd]igest did not match/);
  registry.clearFaults();
  await run(skopeo, pull);
});
