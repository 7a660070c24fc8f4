import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/exec/run.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { debianRoot, runInside, type Suite } from '../helpers/debian-root.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { cosaOk } from './fixture.ts';

// Both generations of cosign, in Debian's registry, which has no referrers API.

const passphrase = { COSIGN_PASSWORD: 'secret' };
const offline = ['--allow-http-registry', '--allow-insecure-registry'];

let scratch: string;
let registry: DockerRegistry;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-cosign-'));
  await mkdir(join(scratch, 'home'));
  registry = await startDockerRegistry();
  {
    await using store = await openLayoutForWriting(join(scratch, 'oci'));
    await store.setTags(['1'], await storeImage(store, []));
  }
  for (const name of ['release', 'stranger']) await cosaOk(scratch, ['sign', '--generate-key', name], passphrase);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

async function push(repository: string): Promise<string> {
  await cosaOk(scratch, ['copy', 'oci:oci:1', `docker://${registry.host}/os/${repository}:1`]);
  return `${registry.host}/os/${repository}:1`;
}

describe.each<Suite>(['trixie', 'sid'])('cosign of %s', (suite) => {
  let root: string;
  beforeAll(async () => {
    root = await debianRoot({ suite, packages: ['cosign'], state: 'unpacked' });
  });

  function cosign(args: readonly string[]): Promise<RunResult> {
    const env = { ...passphrase, HOME: join(scratch, 'home') };
    return runInside(root, ['cosign', ...args], { env, cwd: scratch, shared: [scratch] });
  }

  it('verifies what we sign, and refuses it for another key', async () => {
    const image = await push(`ours-for-${suite}`);
    await cosaOk(scratch, ['sign', '--key', 'release.key', `docker://${image}`], passphrase);
    const verify = (key: string) => cosign(['verify', ...offline, '--insecure-ignore-tlog=true', '--key', key, image]);
    const verified = await verify('release.pub');
    expect(verified.exitCode, verified.stderr).toBe(0);
    expect((await verify('stranger.pub')).exitCode).not.toBe(0);
  });
});
