import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/exec/run.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { debianRoot, runInside, type Suite } from '../helpers/debian-root.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { cosa, cosaOk } from './fixture.ts';

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

const generations: { suite: Suite; kind: string; local: string[] }[] = [
  // Nothing may be asked of a public log here.
  { suite: 'trixie', kind: 'attachment', local: ['--tlog-upload=false'] },
  { suite: 'sid', kind: 'bundle', local: ['--tlog-upload=false', '--use-signing-config=false'] },
];

describe.each(generations)('cosign of $suite', ({ suite, kind, local }) => {
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

  it('signs what we verify, where it was signed and in a copy', async () => {
    const image = await push(`theirs-for-${suite}`);
    const signed = await cosign(['sign', ...offline, ...local, '--yes', '--key', 'release.key', image]);
    expect(signed.exitCode, signed.stderr).toBe(0);
    await cosaOk(scratch, ['copy', '--all', `docker://${image}`, `oci:copy-for-${suite}:1`]);
    for (const from of [`docker://${image}`, `oci:copy-for-${suite}:1`]) {
      const verified = await cosaOk(scratch, ['--json', 'verify', '--key', 'release.pub', from]);
      expect(JSON.parse(verified)).toMatchObject({ checked: true, signatures: [{ kind }] });
      expect((await cosa(scratch, ['verify', '--key', 'stranger.pub', from])).exitCode).toBe(4);
    }
  });
});
