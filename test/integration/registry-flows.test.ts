import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { diffDownload } from '../../src/flows/container/diff/download.ts';
import { checkContainers } from '../../src/flows/container/fsck.ts';
import { inspectReference } from '../../src/flows/container/inspect.ts';
import { listContainers } from '../../src/flows/container/list.ts';
import { findPrevious } from '../../src/flows/container/next-build/previous.ts';
import { promote } from '../../src/flows/container/promote.ts';
import { pruneContainers } from '../../src/flows/container/prune.ts';
import { pushContainer } from '../../src/flows/container/push.ts';
import { buildImages } from '../../src/flows/image/build.ts';
import { initWorkDirectory } from '../../src/flows/work-directory/init.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import { attachTestResult } from '../../src/oci/test-result.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import { createPipeline } from '../../src/progress/step.ts';
import { placeNamed } from '../../src/workspace/place.ts';
import { resolveImage } from '../../src/workspace/resolve-image.ts';
import type { Session } from '../../src/workspace/session.ts';
import { makeTestContainer } from '../helpers/container.ts';
import { type DockerRegistry, type DockerRegistryOptions, startDockerRegistry } from '../helpers/docker-registry.ts';
import { makeOsTree } from '../helpers/os-tree.ts';
import { skopeo } from '../helpers/peers.ts';
import { passedResult } from '../helpers/test-result.ts';

// A stream's life in Debian's registry, which has neither the referrers API nor conditional requests. Machines share
// nothing but the registry: each has a directory and a session of its own.
let base: string;
let registry: DockerRegistry;
let reference: string;
let machines: number;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-registry-flows-'));
  machines = 0;
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(base, { recursive: true });
});

async function start(options: DockerRegistryOptions): Promise<void> {
  registry = await startDockerRegistry(options);
  reference = `docker://${registry.host}/os/example`;
}

interface TestMachine {
  session: Session;
  directory: string;
}

async function machine(): Promise<TestMachine> {
  const directory = join(base, `machine-${machines++}`);
  await mkdir(directory);
  const { authFile, certificateDirectory } = registry;
  const options = { authFile, ...(certificateDirectory === '' ? {} : { certificateDirectory }) };
  const registries = createRegistries(options, { environment: {} });
  const pipeline = createPipeline(() => undefined, new AbortController().signal);
  return { directory, session: { ...pipeline, registries, stores: { environment: {} } } };
}

/** Builds a container on a machine of its own, and pushes it as the candidate of `stable`. */
async function release(version: string, files: Readonly<Record<string, string>> = {}): Promise<Descriptor> {
  const { session, directory } = await machine();
  await makeOsTree(join(directory, 'tree'), { files: { 'usr/share/version': version, ...files } });
  const image = await makeTestContainer({
    layout: join(directory, 'oci'),
    tag: version,
    root: join(directory, 'tree'),
    labels: { 'org.opencontainers.image.version': version, 'com.coreos.stream': 'stable' },
  });
  for (const tag of [version, 'stable-candidate']) {
    const options = { destination: `${reference}:${tag}`, from: `oci:${directory}/oci:${version}`, referrers: true };
    await pushContainer(session, directory, options);
  }
  return image;
}

/** Stores what `cosa test` would, from another machine. */
async function passTests(image: Descriptor): Promise<void> {
  const { session, directory } = await machine();
  const { reference: found } = await resolveImage(session, directory, `${reference}@${image.digest}`);
  expect(found.descriptor.digest).toBe(image.digest);
  const repository = await session.registries.repository(registry.host, 'os/example', 'writing');
  await attachTestResult(repository, image, passedResult(image));
}

async function promoteAnywhere(from?: string) {
  const { session, directory } = await machine();
  return promote(session, directory, { stream: `${reference}:stable`, from, require: ['basic'], dryRun: false });
}

async function list() {
  const { session, directory } = await machine();
  const { containers: listed } = await listContainers(session, await placeNamed(directory, reference));
  return listed.map(({ version, tags, tests }) => [version, tags, tests.length]);
}

describe.each<DockerRegistryOptions>([{}, { authentication: 'token', tls: 'valid' }])('a stream in %o', (flavour) => {
  beforeEach(() => start(flavour));

  it('is built on, tested, promoted, compared, inspected, checked and pruned from anywhere', async () => {
    const first = await release('13.0.0');
    await passTests(first);
    expect(await promoteAnywhere()).toMatchObject({ digest: first.digest, version: '13.0.0', moved: true });
    const second = await release('13.0.1');
    await expect(promoteAnywhere()).rejects.toMatchObject({ code: 'TESTS_NOT_PASSED', exitStatus: 4 });
    expect(await list()).toEqual([
      ['13.0.1', ['13.0.1', 'stable-candidate'], 0],
      ['13.0.0', ['13.0.0', 'stable'], 1],
    ]);

    const { session, directory } = await machine();
    const update = await diffDownload(session, directory, `${reference}:stable`, `${reference}:stable-candidate`);
    expect(update).toMatchObject({ from: { version: '13.0.0' }, to: { version: '13.0.1' } });
    expect(update.layers.kept).toBeGreaterThan(0);
    expect(await inspectReference(session, directory, `${reference}:stable`)).toMatchObject({
      tags: ['13.0.0', 'stable'],
      tests: [{ passed: true }],
    });
    const place = await placeNamed(directory, reference);
    expect(await checkContainers(session, place)).toMatchObject({ problems: [] });

    await passTests(second);
    await promoteAnywhere();
    expect(await pruneContainers(session, place, { keep: 1, dryRun: false })).toMatchObject({ tags: ['13.0.0'] });
    expect(await list()).toEqual([['13.0.1', ['13.0.1', 'stable', 'stable-candidate'], 1]]);
  });

  it('is followed on by a new machine, which copies nothing', async () => {
    const { digest } = await release('13.0.0');
    const { session, directory } = await machine();
    const config = join(directory, 'config');
    await makeOsTree(config, { files: { 'manifest.yaml': 'ref: test\n' } });
    const work = await initWorkDirectory(session, {
      directory: join(directory, 'work'),
      source: config,
      ostree: `${reference}:stable-candidate`,
      force: false,
    });
    expect(await readdir(work.root)).toEqual(['cosa.json', 'src']);
    await release('13.0.1');
    await using own = await openLayoutForWriting(work.oci);
    const previous = await findPrevious(
      (await machine()).session,
      work,
      own,
      { stream: 'stable', config: { basearch: 'x86_64' } },
      undefined,
    );
    expect(previous?.image.descriptor.digest).toBe(digest);
  });

  it('becomes a disk, its layers read from the registry', async () => {
    const { digest } = await release('13.0.0');
    const { session, directory } = await machine();
    const from = `${reference}:stable-candidate`;
    const { images } = await buildImages(session, { directory, platforms: ['qemu'], from });
    expect(images.map(({ record }) => record.container.digest)).toEqual([digest]);
  });
});

describe('promoters at the same time', () => {
  beforeEach(() => start({}));

  it('leave one of what they promote, and whoever is overtaken says by what', async () => {
    const [one, two] = [await release('13.0.0'), await release('13.0.1')];
    for (const image of [one, two]) await passTests(image);
    const outcomes = await Promise.allSettled(['13.0.0', '13.0.1'].map((version) => promoteAnywhere(version)));
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    const inspected = await run(skopeo, [
      ...['inspect', '--tls-verify=false', '--format', '{{.Digest}}'],
      `${reference}:stable`,
    ]);
    const winner = inspected.stdout.trim();
    expect([one.digest, two.digest]).toContain(winner);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      expect(outcome.reason).toMatchObject({
        code: 'TAG_MOVED',
        exitStatus: 4,
        message: expect.stringContaining(winner) as string,
      });
    }
  });
});

describe('a registry that deletes nothing', () => {
  beforeEach(() => start({ deletion: false }));

  it('is not pruned, and the error says why', async () => {
    for (const version of ['13.0.0', '13.0.1']) await release(version);
    const { session, directory } = await machine();
    const place = await placeNamed(directory, reference);
    expect(await pruneContainers(session, place, { keep: 1, dryRun: true })).toEqual({
      tags: ['13.0.0'],
      manifests: 1,
    });
    await expect(pruneContainers(session, place, { keep: 1, dryRun: false })).rejects.toMatchObject({
      code: 'DELETE_UNSUPPORTED',
      exitStatus: 1,
    });
    expect(await list()).toHaveLength(2);
  });
});
