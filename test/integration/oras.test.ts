import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attachArtifact } from '../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { attachTestResult } from '../../src/oci/test-result.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { passedResult } from '../helpers/test-result.ts';
import { cosaOk } from './fixture.ts';

// What lies beside a container, for people who have oras and not us.

const spdx = 'application/spdx+json';

let scratch: string;
let root: string;
let registry: DockerRegistry;
let image: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-oras-'));
  root = await debianRoot({ suite: 'trixie', packages: ['oras'], state: 'unpacked' });
  registry = await startDockerRegistry();
  image = `${registry.host}/os/example`;
  {
    await using store = await openLayoutForWriting(join(scratch, 'oci'));
    const subject = await storeImage(store, []);
    await store.setTags(['1'], subject);
    await attachTestResult(store, subject, passedResult(subject));
    const content = Buffer.from('{"packages":[]}');
    await attachArtifact(store, subject, { artifactType: spdx, title: 'packages.spdx.json', content, annotations: {} });
  }
  await cosaOk(scratch, ['copy', '--all', 'oci:oci:1', `docker://${image}:1`]);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

async function oras(args: readonly string[]): Promise<string> {
  const result = await runInside(root, ['oras', ...args, '--plain-http'], { cwd: scratch, shared: [scratch] });
  expect(result.exitCode, result.stderr).toBe(0);
  return result.stdout;
}

it('oras finds the verdict and the package list, and pulls each as a file', async () => {
  const { manifests } = JSON.parse(await oras(['discover', '--format', 'json', `${image}:1`])) as {
    manifests: { digest: string; artifactType: string }[];
  };
  const types = manifests.map(({ artifactType }) => artifactType).sort();
  expect(types).toEqual([spdx, 'application/vnd.cosa.test-result.v1+json']);
  for (const { digest } of manifests) await oras(['pull', `${image}@${digest}`, '--output', join(scratch, 'pulled')]);
  expect(await readFile(join(scratch, 'pulled/packages.spdx.json'), 'utf8')).toBe('{"packages":[]}');
  expect(JSON.parse(await readFile(join(scratch, 'pulled/test-result.json'), 'utf8'))).toMatchObject({
    suite: 'basic',
  });
});
