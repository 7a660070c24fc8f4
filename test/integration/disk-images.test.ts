import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunResult, tryRun } from '../../src/exec/run.ts';
import type { Digest } from '../../src/lib/digest.ts';
import { attachArtifact } from '../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';
import { diskImageRecord, writeDiskImage } from '../helpers/disk-image.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { cosa, cosaOk, program } from './fixture.ts';

// Disk images in Debian's registry, which has no referrers API, for people who have oras, skopeo or cosign and not us.

const passphrase = { COSIGN_PASSWORD: 'secret' };
const content = `${'x'.repeat(100_000)}${'\0'.repeat(3_000_000)}end`;
const file = 'example-13.1-metal.x86_64.raw';

let scratch: string;
let registry: DockerRegistry;
let repository: string;
let container: Digest;
let disk: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-disk-images-'));
  await mkdir(join(scratch, 'home'));
  registry = await startDockerRegistry();
  repository = `${registry.host}/os/example`;
  {
    await using store = await openLayoutForWriting(join(scratch, 'oci'));
    const image = await storeImage(store, [], { 'org.opencontainers.image.version': '13.1' });
    await store.setTags(['13.1'], image);
    const spdx = { artifactType: 'application/spdx+json', title: 'packages.spdx.json', annotations: {} };
    await attachArtifact(store, image, { ...spdx, content: Buffer.from('{"packages":[]}') });
    container = image.digest;
  }
  const record = diskImageRecord(container, content, { platform: 'metal', format: 'raw', generator: 'cosa 1.0.0' });
  await writeDiskImage(join(scratch, 'made'), record, content);
  for (const name of ['release', 'stranger']) await cosaOk(scratch, ['sign', '--generate-key', name], passphrase);
  const from = ['--from', 'oci:oci:13.1', '--arch', 'x86_64'];
  const push = ['image', 'push', `made/${file}`, `docker://${repository}`, '--sign', 'release.key', '--json', ...from];
  const pushed = JSON.parse(await cosaOk(scratch, push, passphrase)) as { images: { digest: string }[] };
  disk = `${repository}@${pushed.images[0]?.digest}`;
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

async function ok(result: Promise<RunResult>): Promise<string> {
  const { exitCode, stderr, stdout } = await result;
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

it('oras finds the image and the package list beside the container, and pulls the image as a file', async () => {
  const root = await debianRoot({ suite: 'trixie', packages: ['oras'], state: 'unpacked' });
  const oras = (args: readonly string[]) =>
    ok(runInside(root, ['oras', ...args, '--plain-http'], { cwd: scratch, shared: [scratch] }));
  const { manifests } = JSON.parse(await oras(['discover', '--format', 'json', `${repository}:13.1`])) as {
    manifests: { artifactType: string }[];
  };
  expect(manifests.map(({ artifactType }) => artifactType).sort()).toEqual([
    'application/spdx+json',
    'application/vnd.diskimage.raw',
  ]);
  await oras(['pull', disk, '--output', join(scratch, 'by-oras')]);
  expect(await readFile(join(scratch, 'by-oras', file), 'utf8')).toBe(content);
});

it('skopeo shows what the tag names, as pipelines of others write and read it', async () => {
  const skopeo = program('skopeo');
  const args = ['inspect', '--raw', '--tls-verify=false', `docker://${repository}:13.1-disks`];
  const index = JSON.parse(await ok(tryRun(skopeo, args))) as { manifests: unknown[] };
  expect(index.manifests).toMatchObject([
    { artifactType: 'application/vnd.diskimage.raw', platform: { os: 'metal', architecture: 'amd64' } },
  ]);
});

it('cosign verifies the signature and the provenance, and refuses both for another key', async () => {
  const root = await debianRoot({ suite: 'sid', packages: ['cosign'], state: 'unpacked' });
  const offline = ['--allow-http-registry', '--allow-insecure-registry', '--insecure-ignore-tlog=true'];
  const cosign = (args: readonly string[], key: string) =>
    runInside(root, ['cosign', ...args, ...offline, '--key', key, disk], {
      env: { ...passphrase, HOME: join(scratch, 'home') },
      cwd: scratch,
      shared: [scratch],
    });
  await ok(cosign(['verify'], 'release.pub'));
  expect((await cosign(['verify'], 'stranger.pub')).exitCode).not.toBe(0);
  const attestation = ['verify-attestation', '--type', 'slsaprovenance1'];
  const verified = JSON.parse(await ok(cosign(attestation, 'release.pub'))) as { payload: string };
  const statement = JSON.parse(Buffer.from(verified.payload, 'base64').toString()) as object;
  expect(statement).toMatchObject({
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: [{ name: repository }, { name: file }],
    predicate: { buildDefinition: { externalParameters: { container: `${repository}@${container}` } } },
  });
  expect((await cosign(attestation, 'stranger.pub')).exitCode).not.toBe(0);
});

it('we verify and fetch them from there, with nothing else at hand', async () => {
  const nowhere = join(scratch, 'nowhere');
  await mkdir(nowhere);
  await cosaOk(scratch, ['verify', '--key', 'release.pub', `docker://${repository}:13.1-disks`]);
  expect((await cosa(scratch, ['verify', '--key', 'stranger.pub', `docker://${disk}`])).exitCode).toBe(4);
  await cosaOk(nowhere, ['image', 'pull', `docker://${repository}:13.1`, 'metal', '--output', '.', '--arch', 'x86_64']);
  expect(await readFile(join(nowhere, file), 'utf8')).toBe(content);
  expect(await readFile(join(nowhere, `${file}.json`))).toEqual(await readFile(join(scratch, 'made', `${file}.json`)));
});
