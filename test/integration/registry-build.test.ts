import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { BuildResult } from '../../src/flows/container/next-build/result.ts';
import { openLayout } from '../../src/oci/layout.ts';
import { collect } from '../helpers/image.ts';
import { requestsOf } from '../helpers/testing-registry/log.ts';
import { startTestingRegistry, type TestingRegistry } from '../helpers/testing-registry.ts';
import { spdxSchema } from '../packages/sbom/spdx-schema.ts';
import { builtWorkDirectory, candidate, cosaOk, freshWorkDirectory, imageOf, stream } from './fixture.ts';

// A machine builds on what another one has left in a registry. What the registry was asked is the point.
const name = 'os/debian-coreos';

let storage: string;
let registry: TestingRegistry & AsyncDisposable;
let reference: string;
let first: string;
let machine: { directory: string; config: string };
beforeAll(async () => {
  storage = await mkdtemp(join(tmpdir(), 'cosa-registry-build-'));
  registry = await startTestingRegistry({ storage: { directory: storage } });
  reference = `docker://${registry.host}/${name}`;
  const work = await builtWorkDirectory();
  await cosaOk(work, ['push', '--from', candidate, reference]);
  first = (await imageOf(work)).descriptor.digest;
  machine = await freshWorkDirectory('registry-build', work);
  const upstream = ['--ostree', `${reference}:${candidate}`];
  await cosaOk(machine.directory, ['init', '--force', '--stream', stream, ...upstream, machine.config]);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(storage, { recursive: true });
});
beforeEach(() => {
  registry.log.length = 0;
});

async function build(...options: string[]): Promise<BuildResult> {
  return JSON.parse(await cosaOk(machine.directory, ['--json', 'ostree', 'build', ...options])) as BuildResult;
}

const readBlobs = () => requestsOf(registry.log, { method: 'GET', path: /\/blobs\// });

it('finds by manifest and config alone that nothing has changed, and leaves the container where it is', async () => {
  expect(await build('--push', reference)).toMatchObject({
    unchanged: true,
    digest: first,
    reference: `${reference}@${first}`,
    pushed: { moved: false, bytes: 0 },
  });
  expect(readBlobs()).toHaveLength(1);
  expect((await (await openLayout(join(machine.directory, 'oci'))).tagNames()).length).toBe(0);
});

it('builds the next one without a layer of the last, and pushes what is new', async () => {
  const overlay = resolve(machine.config, 'overlay.d/05core/etc');
  await mkdir(overlay, { recursive: true });
  await writeFile(resolve(overlay, 'example.conf'), 'changed\n');
  const built = await build('--push', reference);
  expect(built).toMatchObject({ unchanged: false, pushed: { moved: true, tags: [built.version, candidate] } });
  // The overlay's own layer, and layer 0 with commit and directory objects.
  expect(built.layers.new).toBeLessThanOrEqual(3);
  // The config of the last, and nothing else: as what the build follows on, and wherever a tag is looked at, for it says
  // which platform that offers an image for.
  expect(new Set(readBlobs().map(({ path }) => path)).size).toBe(1);
  expect(readBlobs()).toHaveLength(3);
  const uploads = requestsOf(registry.log, { method: 'PUT', path: /\/blobs\/uploads\// });
  // New layers and config; of the list of packages, itself and the empty config.
  expect(uploads.length).toBeLessThanOrEqual(built.layers.new + 3);
  expect(registry.tags(name).get(candidate)).toBe(built.digest);
});

it('asks one question when it was pushed already', async () => {
  expect(await build('--push', reference)).toMatchObject({ unchanged: true, pushed: { moved: false } });
  const asked = registry.log.filter(({ path }) => path !== '/v2/').map(({ method, path }) => `${method} ${path}`);
  expect(asked).toEqual([`HEAD /v2/${name}/manifests/${candidate}`]);
});

it('lists the packages beside the container, once', async () => {
  const { descriptor } = await imageOf(machine.directory);
  const layout = await openLayout(join(machine.directory, 'oci'));
  const referrers = await layout.referrers(descriptor.digest, 'application/spdx+json');
  expect(referrers).toHaveLength(1);
  for (const { digest } of referrers) expect(registry.hasManifest(name, digest)).toBe(true);
  const inspected = JSON.parse(await cosaOk(machine.directory, ['--json', 'inspect', `${reference}:${candidate}`])) as {
    packages: number;
    sboms: { format: string }[];
  };
  expect(inspected.sboms.map(({ format }) => format)).toEqual(['SPDX']);
  const [referrer] = referrers;
  if (referrer === undefined) throw new Error('no list of packages');
  const manifest = JSON.parse((await collect(layout.readBlob(referrer))).toString()) as { layers: [typeof referrer] };
  const document = spdxSchema.parse(JSON.parse((await collect(layout.readBlob(manifest.layers[0]))).toString()));
  // The container itself is one of them.
  expect(document.packages).toHaveLength(inspected.packages + 1);
});
