import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { copyContainers } from '../../src/flows/container/copy.ts';
import { pushIndex } from '../../src/flows/container/push-index.ts';
import { digestHex } from '../../src/lib/digest.ts';
import { attachArtifact } from '../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import { createPipeline } from '../../src/progress/step.ts';
import type { Session } from '../../src/workspace/session.ts';
import { type DockerRegistry, type DockerRegistryOptions, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { skopeo } from '../helpers/peers.ts';

// Debian's registries have no referrers API; skopeo reads and writes what we do.
let directory: string;
const registries: DockerRegistry[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-transfer-'));
});

afterEach(async () => {
  for (const registry of registries.splice(0)) await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function start(options: DockerRegistryOptions = {}) {
  const registry = await startDockerRegistry(options);
  registries.push(registry);
  return { ...registry, repository: `docker://${registry.host}/os/example` };
}

/** As one who may push to that registry. */
function sessionFor({ authFile, certificateDirectory }: DockerRegistry): Session {
  const options = { authFile, ...(certificateDirectory === '' ? {} : { certificateDirectory }) };
  return {
    ...createPipeline(() => undefined, new AbortController().signal),
    registries: createRegistries(options, { environment: {} }),
    stores: { environment: {} },
  };
}

/** Two builds of one version in `oci/`, the second with a test result. */
async function makeBuilds(): Promise<{ amd64: Descriptor; arm64: Descriptor; result: Descriptor }> {
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  const layers = (name: string) => ['shared', name].map((text) => Buffer.alloc(3_000_000, text));
  const amd64 = await storeImage(store, layers('amd64'));
  const arm64 = await storeImage(store, layers('arm64'), {}, 'arm64');
  await store.setTags(['13.1.amd64'], amd64);
  await store.setTags(['13.1.arm64'], arm64);
  const artifact = { artifactType: 'application/x', content: Buffer.from('passed') };
  const result = await attachArtifact(store, arm64, artifact);
  await store.setTags([`sha256-${digestHex(amd64.digest)}.sig`], await storeImage(store, [Buffer.from('signature')]));
  return { amd64, arm64, result };
}

function copy(session: Session, source: string, destination: string, all = true) {
  return copyContainers(session, directory, { source, destination, all, platform: undefined, dryRun: false });
}

test('skopeo copies on what was pushed, and we what skopeo has copied: no byte changes', async () => {
  const { amd64 } = await makeBuilds();
  const registry = await start();
  const session = sessionFor(registry);
  await copy(session, '13.1.amd64', `${registry.repository}:13.1`);
  const args = ['copy', '--src-tls-verify=false', '--dest-tls-verify=false', '--preserve-digests'];
  const other = `docker://${registry.host}/os/other:13.1`;
  await run(skopeo, [...args, `${registry.repository}:13.1`, other]);
  const [copied] = await copy(session, other, `oci:${directory}/back`);
  expect(copied?.digest).toBe(amd64.digest);
  const blobs = (layout: string) => readdir(join(directory, layout, 'blobs/sha256'));
  expect(await blobs('oci')).toEqual(expect.arrayContaining(await blobs('back')));
});

test('skopeo picks its platform out of our index', async () => {
  const { arm64 } = await makeBuilds();
  const registry = await start();
  const destination = `${registry.repository}:13.1`;
  const references = ['13.1.arm64', '13.1.amd64'];
  await pushIndex(sessionFor(registry), directory, { destination, references, referrers: true });
  const inspect = ['inspect', '--tls-verify=false', '--config', '--override-arch', 'arm64'];
  const { stdout } = await run(skopeo, [...inspect, destination]);
  expect(JSON.parse(stdout)).toMatchObject({ architecture: 'arm64' });
  const raw = await run(skopeo, ['inspect', '--tls-verify=false', '--raw', destination]);
  expect(raw.stdout).toContain(arm64.digest);
});

test('an index goes over an air gap with all that belongs to it, to a registry with TLS and tokens', async () => {
  const { amd64, arm64, result } = await makeBuilds();
  const from = await start();
  const inside = sessionFor(from);
  // What the index is made of brings its referrers; cosign's tags come with the mirror.
  const references = ['13.1.arm64', '13.1.amd64'];
  const destination = `${from.repository}:13.1`;
  const index = await pushIndex(inside, directory, { destination, references, referrers: true });
  await copy(inside, '13.1.amd64', from.repository);
  await copy(inside, destination, 'oci-archive:gap.ociarchive');

  const to = await start({ authentication: 'token', tls: 'valid' });
  const outside = sessionFor(to);
  await mkdir(join(directory, 'outside'));
  const source = `oci-archive:${join(directory, 'gap.ociarchive')}:13.1`;
  const [copied] = await copyContainers(outside, join(directory, 'outside'), {
    source,
    destination: to.repository,
    all: true,
    platform: undefined,
    dryRun: false,
  });
  expect(copied?.digest).toBe(index.digest);
  const repository = await outside.registries.repository(to.host, 'os/example');
  expect((await repository.resolveTag('13.1'))?.digest).toBe(index.digest);
  expect((await repository.referrers(arm64.digest)).map(({ digest }) => digest)).toEqual([result.digest]);
  expect(await repository.resolveTag(`sha256-${digestHex(amd64.digest)}.sig`)).toBeDefined();
});
