import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PutBucketAclCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import type { HttpServer } from '../helpers/http-server.ts';
import { serveDirectory } from '../helpers/serve-directory.ts';
import { type Swift, startSwift } from '../helpers/swift.ts';
import { builtWorkDirectory, candidate, cosaOk, program, stream, testWork } from './fixture.ts';
import { readImage } from './release/stream-reader.ts';

// The example's build, released to a directory that a web server serves and to an object store, and read by somebody else.

const root = resolve(testWork, 'release');
const work = join(root, 'work');
const published = join(root, 'published');
const keys = join(root, 'gnupg');
const keyring = join(root, 'releases.gpg');
const person = 'releases@example.com';

let server: HttpServer;
let swift: Swift;
beforeAll(async () => {
  const built = await builtWorkDirectory();
  await rm(root, { recursive: true, force: true });
  for (const directory of [work, published]) await mkdir(directory, { recursive: true });
  await mkdir(keys, { mode: 0o700 });
  await cosaOk(work, ['copy', `oci:${built}/oci:${candidate}`, `oci:${work}/oci:${candidate}`]);
  await cosaOk(work, ['tag', `oci:${work}/oci:${candidate}`, stream]);
  const gpg = ['--homedir', keys, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', ''];
  await run(program('gpg', 'gnupg'), [...gpg, '--quick-generate-key', person, 'ed25519', 'sign', 'never']);
  await run(program('gpg', 'gnupg'), [...gpg, '--output', keyring, '--export', person]);
  server = await serveDirectory(published);
  swift = await startSwift();
  await swift.makeBucket('releases');
  await letEverybodyRead('releases');
});
afterAll(async () => {
  await run(program('gpgconf', 'gnupg'), ['--homedir', keys, '--kill', 'all']);
  await server[Symbol.asyncDispose]();
  await swift[Symbol.asyncDispose]();
});

async function letEverybodyRead(bucket: string): Promise<void> {
  const { accessKey, secretKey } = swift.publisher;
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const client = new S3Client({ endpoint: swift.endpoint, region: swift.region, credentials, forcePathStyle: true });
  await client.send(new PutBucketAclCommand({ Bucket: bucket, ACL: 'public-read' }));
  client.destroy();
}

interface Released {
  version: string;
  images: { platform: string; present: boolean }[];
  documents: string[];
  published: { changed: boolean };
  metadata: { address: string };
}

async function release(store: string, args: readonly string[], env: Record<string, string> = {}): Promise<Released> {
  const from = ['--from', `oci:${work}/oci:${stream}`, '--platform', 'qemu', '--gpg-key', person];
  const text = await cosaOk(work, ['--json', 'release', store, ...from, ...args], { GNUPGHOME: keys, ...env });
  return JSON.parse(text) as Released;
}

const places: [string, () => { store: string; args: string[]; env: Record<string, string>; address: string }][] = [
  [
    'a directory',
    () => ({
      store: `file://${published}`,
      args: ['--base-url', `http://${server.host}`],
      env: {},
      address: `http://${server.host}/streams/${stream}.json`,
    }),
  ],
  [
    'an object store',
    () => {
      const base = `${swift.endpoint}/v1/AUTH_${swift.publisher.accessKey.split(':')[0]}/releases/os`;
      return {
        store: 's3://releases/os',
        args: ['--endpoint', swift.endpoint, '--base-url', base],
        env: swift.environmentOf(swift.publisher),
        address: `${base}/streams/${stream}.json`,
      };
    },
  ],
];

describe.each(places)('a release to %s', (name, place) => {
  it('is found, downloaded and verified by who knows JSON and HTTP alone', async () => {
    const { store, args, env, address } = place();
    const released = await release(store, args, env);
    expect(released).toMatchObject({
      images: [{ platform: 'qemu' }],
      published: { changed: true },
      metadata: { address },
    });
    expect(released.documents).toHaveLength(3);
    const directory = join(root, name.replaceAll(' ', '-'));
    await mkdir(directory);
    const image = await readImage(address, ['qemu', 'qcow2.gz'], directory);
    expect(image.release).toBe(released.version);
    await run(program('gpgv'), ['--keyring', keyring, image.signature, image.packed]);
    await run(program('qemu-img', 'qemu-utils'), ['check', image.path]);

    const output = join(directory, 'ours');
    const options = ['--platform', 'qemu', '--arch', 'x86_64', '--keyring', keyring, '--output', output];
    const text = await cosaOk(root, ['--json', 'stream', 'download', address, ...options]);
    const { files } = JSON.parse(text) as { files: { path: string; signedBy: string }[] };
    expect(files[0]?.signedBy).toMatch(/^[0-9A-F]{40}$/);
    await run(program('cmp', 'diffutils'), [image.path, files[0]?.path ?? '']);
    await rm(directory, { recursive: true });
  });

  it('is there already', async () => {
    const { store, args, env } = place();
    expect(await release(store, args, env)).toMatchObject({ documents: [], published: { changed: false } });
    expect(await release(store, [...args, '--dry-run'], env)).toMatchObject({ documents: [] });
  });
});

it('is the image that is built of the container, and booted by other tests', async () => {
  const text = await cosaOk(work, ['--json', 'image', 'build', 'qemu', '--from', `oci:${work}/oci:${stream}`]);
  const [built] = JSON.parse(text) as { files: { sha256: string }[] }[];
  const shown = await cosaOk(work, ['--json', 'stream', 'show', `file://${published}`, '--platform', 'qemu']);
  const { artifacts } = JSON.parse(shown) as { artifacts: Record<string, string>[] };
  expect(artifacts[0]?.['uncompressed-sha256']).toBe(built?.files[0]?.sha256);
});
