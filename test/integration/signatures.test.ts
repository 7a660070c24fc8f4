import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunResult, run } from '../../src/exec/run.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { runInside } from '../helpers/debian-root.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { storeImage } from '../helpers/image.ts';
import { builtWorkDirectory, cosa, cosaOk, extractLayers, program } from './fixture.ts';

// skopeo and podman are those of the system that we build, where they guard its updates: Debian 12's were built
// without sigstore.

const passphrase = { COSIGN_PASSWORD: 'secret' };

let scratch: string;
let root: string;
let registry: DockerRegistry;
/** `127.0.0.1:PORT/os`. */
let namespace: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-signatures-'));
  root = join(scratch, 'root');
  await extractLayers(await builtWorkDirectory(), root);
  registry = await startDockerRegistry();
  namespace = `${registry.host}/os`;
  {
    await using store = await openLayoutForWriting(join(scratch, 'oci'));
    // Without layers: podman would unpack them in a process of its own, which it cannot start from here.
    await store.setTags(['1'], await storeImage(store, []));
  }
  await writeFile(join(scratch, 'passphrase'), 'secret\n');
  await mkdir(join(scratch, 'home/.config/containers/registries.d'), { recursive: true });
  await writeFile(
    join(scratch, 'home/.config/containers/registries.d/attachments.yaml'),
    `docker:\n  ${registry.host}:\n    use-sigstore-attachments: true\n`,
  );
  for (const name of ['release', 'stranger']) await cosaOk(scratch, ['sign', '--generate-key', name], passphrase);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

/** Runs a program of the extracted system inside it. */
async function theirs(name: string, args: readonly string[]): Promise<RunResult> {
  return runInside(root, [name, ...args], { env: { HOME: join(scratch, 'home') }, shared: [scratch] });
}

/** A policy that wants the key's signature for the whole registry. */
async function policy(key: string, rule: object = { type: 'matchRepository' }): Promise<string> {
  const file = join(scratch, `${key}-policy.json`);
  const signed = [{ type: 'sigstoreSigned', keyPath: join(scratch, `${key}.pub`), signedIdentity: rule }];
  await writeFile(
    file,
    JSON.stringify({ default: [{ type: 'reject' }], transports: { docker: { [namespace]: signed } } }),
  );
  return file;
}

async function push(repository: string, options: readonly string[] = []): Promise<string> {
  const to = `docker://${namespace}/${repository}:1`;
  const copied = await theirs('skopeo', ['copy', '--dest-tls-verify=false', ...options, `oci:${scratch}/oci:1`, to]);
  expect(copied.exitCode, copied.stderr).toBe(0);
  return to;
}

const pullers: readonly [string, (policyFile: string, from: string) => Promise<RunResult>][] = [
  [
    'skopeo',
    (policyFile, from) =>
      theirs('skopeo', ['--policy', policyFile, 'copy', '--src-tls-verify=false', from, `dir:${join(scratch, 'out')}`]),
  ],
  [
    'podman',
    (policyFile, from) => {
      const storage = [
        '--root',
        join(scratch, 'storage'),
        '--runroot',
        join(scratch, 'run'),
        '--storage-driver',
        'vfs',
      ];
      return theirs('podman', [...storage, 'pull', '--tls-verify=false', '--signature-policy', policyFile, from]);
    },
  ],
  ['cosa', (policyFile, from) => cosa(scratch, ['verify', '--policy', policyFile, from])],
];

describe.each(pullers)('%s', (puller, pull) => {
  it('refuses what is not signed, accepts what "cosa sign" signed, and refuses it for another key', async () => {
    const from = await push(`signed-for-${puller}`);
    const unsigned = await pull(await policy('release'), from);
    expect(unsigned.exitCode).not.toBe(0);
    expect(unsigned.stderr).toMatch(/no signature/);
    await cosaOk(scratch, ['sign', '--key', 'release.key', from], passphrase);
    expect(await pull(await policy('release'), from)).toMatchObject({ exitCode: 0 });
    expect((await pull(await policy('stranger'), from)).exitCode).not.toBe(0);
    // A second signer's signature stands beside the first.
    await cosaOk(scratch, ['sign', '--key', 'stranger.key', from], passphrase);
    for (const key of ['release', 'stranger']) {
      expect(await pull(await policy(key), from)).toMatchObject({ exitCode: 0 });
    }
  });

  it('compares names in the same way', async () => {
    const from = await push(`named-for-${puller}`);
    await cosaOk(scratch, ['sign', '--key', 'release.key', '--identity', 'a.example/os:1', from], passphrase);
    const exact = (dockerReference: string) => policy('release', { type: 'exactReference', dockerReference });
    const remap = (signedPrefix: string) =>
      policy('release', { type: 'remapIdentity', prefix: `${namespace}/named-for-${puller}`, signedPrefix });
    expect(await pull(await exact('a.example/os:1'), from)).toMatchObject({ exitCode: 0 });
    expect(await pull(await remap('a.example/os'), from)).toMatchObject({ exitCode: 0 });
    expect((await pull(await exact('a.example/os:2'), from)).exitCode).not.toBe(0);
    expect((await pull(await remap('b.example/os'), from)).exitCode).not.toBe(0);
    expect((await pull(await policy('release'), from)).exitCode).not.toBe(0);
  });
});

it('takes what skopeo signed, with our key and with its own', async () => {
  const sign = (key: string) => [
    '--sign-by-sigstore-private-key',
    key,
    '--sign-passphrase-file',
    `${scratch}/passphrase`,
  ];
  const ours = await push('theirs', sign(join(scratch, 'release.key')));
  const verified = await cosaOk(scratch, ['--json', 'verify', '--key', 'release.pub', ours]);
  expect(JSON.parse(verified)).toMatchObject({
    signatures: [{ kind: 'attachment', identity: `${namespace}/theirs:1` }],
  });
  await theirs('skopeo', [
    'generate-sigstore-key',
    '--output-prefix',
    join(scratch, 'go'),
    '--passphrase-file',
    join(scratch, 'passphrase'),
  ]);
  await cosaOk(scratch, ['sign', '--key', 'go.private', ours], passphrase);
  await cosaOk(scratch, ['verify', '--key', 'go.pub', ours]);
});

it('signs with keys of openssl', async () => {
  const from = await push('openssl');
  const openssl = program('openssl');
  await run(openssl, [
    'genpkey',
    '-algorithm',
    'RSA',
    '-out',
    join(scratch, 'rsa.key'),
    '-aes256',
    '-pass',
    'pass:secret',
  ]);
  await run(openssl, [
    'pkey',
    '-in',
    join(scratch, 'rsa.key'),
    '-passin',
    'pass:secret',
    '-pubout',
    '-out',
    join(scratch, 'rsa.pub'),
  ]);
  await cosaOk(scratch, ['sign', '--key', 'rsa.key', from], passphrase);
  for (const [, pull] of pullers) expect(await pull(await policy('rsa'), from)).toMatchObject({ exitCode: 0 });
});
