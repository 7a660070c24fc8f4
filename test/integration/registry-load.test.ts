import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Digest } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { copyContent } from '../../src/oci/copy.ts';
import { readImage } from '../../src/oci/image.ts';
import { checkLayout } from '../../src/oci/layout/check.ts';
import { openLayout, openLayoutForWriting } from '../../src/oci/layout.ts';
import { openReference } from '../../src/oci/open.ts';
import type { Place } from '../../src/oci/place.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import type { LocalStore } from '../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImageOf } from '../helpers/image.ts';
import { entry, tarOf } from '../helpers/ostree-layers.ts';
import { placeOf } from '../helpers/place.ts';
import { requestsOf } from '../helpers/testing-registry/log.ts';
import { startTestingRegistry, type TestingRegistry } from '../helpers/testing-registry.ts';

// Twenty machines push at once, each an image of its own on layers that all share; then all are pulled at once.
const machines = Array.from({ length: 20 }, (_, number) => `machine-${String(number).padStart(2, '0')}`);
const repository = 'os/example';

let directory: string;
/** What every tag is to point to in the end: each machine's, and `base`, which has the shared layers alone. */
let digests: Map<string, Digest>;
/** The blobs that only one machine has, with their bytes. */
let own: Map<Digest, number>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-load-'));
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  const shared: Descriptor[] = [];
  for (let number = 0; number < 4; number++) shared.push(await storeLayer(store, `shared-${number}`, 250_000));
  digests = new Map([['base', await storeTagged(store, 'base', shared)]]);
  own = new Map();
  for (const machine of machines) {
    const layers = [await storeLayer(store, machine, 200_000), await storeLayer(store, `${machine}-small`, 1000)];
    digests.set(machine, await storeTagged(store, machine, [...shared, ...layers]));
    const { config } = (await readImage(store, (await store.resolveTag(machine)) as Descriptor)).manifest;
    for (const { digest, size } of [...layers, config]) own.set(digest, size);
  }
});
afterEach(() => rm(directory, { recursive: true }));

it('send what is new once and nothing else, and fetch it once', async () => {
  await using registry = await startTestingRegistry({ behaviour: { pageSize: 7 } });
  await push(registry.host, 'base');
  registry.log.length = 0;
  await Promise.all(machines.map((machine) => push(registry.host, machine)));
  expect(registry.tags(repository)).toEqual(digests);
  expect(uploadedDigests(registry)).toEqual([...own.keys()].sort());
  expect(uploadedBytes(registry)).toBe(ownBytes());

  await pull(registry.host, 'base', 'together');
  registry.log.length = 0;
  await Promise.all(machines.map((machine) => pull(registry.host, machine, 'together')));
  await expectAll('together');
  const fetched = requestsOf(registry.log, { method: 'GET', path: /\/blobs\// });
  expect(fetched.map(({ path }) => path.split('/').at(-1)).sort()).toEqual([...own.keys()].sort());
  expect(fetched.reduce((sum, { sent }) => sum + sent, 0)).toBe(ownBytes());
});

it('lose nothing while connections break, requests fail and tokens end', async () => {
  await using registry = await startTestingRegistry({
    authentication: { kind: 'bearer', users: [], anonymous: 'push', requestsPerToken: 60 },
  });
  await push(registry.host, 'base');
  registry.log.length = 0;
  const isSpread = true;
  for (let number = 0; number < 12; number++) {
    const skip = number * 5;
    registry.inject({
      match: { method: 'PATCH' },
      fault: { kind: 'reset-request', afterBytes: 700_000 },
      skip: number,
      isSpread,
    });
    // All begin uploads under one path: so many apart that no attempts of one come to an end.
    registry.inject({ match: { method: 'POST' }, fault: { kind: 'status', status: 429 }, skip: number * 11 });
    const put = { method: 'PUT' };
    registry.inject({ match: put, fault: { kind: 'status', status: 500 }, skip, isSpread });
    registry.inject({ match: put, fault: { kind: 'reset', afterBytes: 0 }, skip: skip + 2, isSpread });
    const blob = { method: 'GET', path: /blobs/ };
    registry.inject({ match: blob, fault: { kind: 'reset', afterBytes: 900_000 }, skip, isSpread });
  }
  await Promise.all(machines.map((machine) => push(registry.host, machine)));
  expect(registry.tags(repository)).toEqual(digests);
  // Twelve uploads broke and went on where they were: at most what a request holds went twice.
  expect(uploadedBytes(registry)).toBeLessThan(ownBytes() * 1.1);
  await Promise.all([...digests.keys()].map((tag) => pull(registry.host, tag, 'together')));
  await expectAll('together');
});

it('may push the same image at once', async () => {
  await using registry = await startTestingRegistry();
  await Promise.all(machines.map(() => push(registry.host, 'base')));
  await pull(registry.host, 'base', 'one');
  expect(await checkLayout(join(directory, 'one'), silentReporter())).toMatchObject({ problems: [], entries: 1 });
  expect(registry.openUploads()).toBe(0);
});

it("lose nothing in Debian's registry", async () => {
  await using registry = await startDockerRegistry();
  await push(registry.host, 'base');
  await Promise.all(machines.map((machine) => push(registry.host, machine)));
  await Promise.all([...digests.keys()].map((tag) => pull(registry.host, tag, 'together')));
  await expectAll('together');
});

/** One machine's copy, with connections and tokens of its own. */
async function copy(source: string, to: Place, tag: string): Promise<void> {
  await using registries = createRegistries({}, { environment: {}, wait: async () => undefined });
  const from = await openReference(source, directory, registries);
  await using store = await to.openForWriting(registries);
  await copyContent({ from, to: { place: to, reader: store }, tags: [tag], extent: 'image' }, store, silentReporter());
}

function push(host: string, tag: string): Promise<void> {
  return copy(`oci:oci:${tag}`, placeOf(`docker://${host}/${repository}`), tag);
}

function pull(host: string, tag: string, layout: string): Promise<void> {
  return copy(`docker://${host}/${repository}:${tag}`, placeOf(`oci:${join(directory, layout)}`), tag);
}

/** Every image is in the layout, whole. */
async function expectAll(layout: string): Promise<void> {
  const path = join(directory, layout);
  expect(await checkLayout(path, silentReporter())).toMatchObject({ problems: [], leftovers: 0 });
  const tags = await (await openLayout(path)).listTags();
  expect(new Map([...tags].map(([tag, { digest }]) => [tag, digest]))).toEqual(digests);
}

function ownBytes(): number {
  return [...own.values()].reduce((sum, size) => sum + size, 0);
}

function uploadedBytes({ log }: TestingRegistry): number {
  return requestsOf(log, { path: /\/uploads\// }).reduce((sum, { received }) => sum + received, 0);
}

/** The digests of all finished uploads, as often as they were uploaded. */
function uploadedDigests({ log }: TestingRegistry): (string | null)[] {
  const finished = requestsOf(log, { method: 'PUT', path: /\/uploads\// });
  return finished.map(({ query }) => new URLSearchParams(query).get('digest')).sort();
}

/** A layer of a name, repeated so often. */
function storeLayer(store: LocalStore, name: string, repetitions: number): Promise<Descriptor> {
  return storeBytes(store, tarOf([entry(name, {}, name.repeat(repetitions))]), mediaTypes.layer);
}

async function storeTagged(store: LocalStore, tag: string, layers: readonly Descriptor[]): Promise<Digest> {
  const diffIds = layers.map(({ digest }) => digest);
  const image = await storeImageOf(store, layers, diffIds, { 'org.opencontainers.image.title': tag });
  await store.setTags([tag], image);
  return image.digest;
}
