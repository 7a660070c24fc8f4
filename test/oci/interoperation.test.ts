import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { pieceBytes } from '../../src/lib/compress/algorithms.ts';
import { digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { readImage } from '../../src/oci/image.ts';
import { checkLayout } from '../../src/oci/layout/check.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { openReference } from '../../src/oci/open.ts';
import { verdictTransport } from '../../src/oci/policy/scope-syntaxes.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { storeImageOf, zstdOf } from '../helpers/image.ts';
import { entry, tarOf } from '../helpers/ostree-layers.ts';
import { compressed, content } from '../lib/compress/content.ts';

const registries = createRegistries({}, { environment: {} });

const skopeo = { name: 'skopeo', packages: { deb: 'skopeo', rpm: 'skopeo' }, purpose: 'reads what we write' };
const tars = ['one', 'two'].map((content) => tarOf([entry('file', {}, content)]));

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-skopeo-'));
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  const layers = [
    await storeBytes(store, gzipSync(tars[0] ?? ''), mediaTypes.layerGzip),
    await storeBytes(store, await zstdOf(tars[1] ?? Buffer.alloc(0)), mediaTypes.layerZstd),
  ];
  const image = await storeImageOf(store, layers, tars.map(digestOf), { title: 'sample' });
  await store.setTags(['1', 'stable-candidate'], image);
});

afterEach(() => rm(directory, { recursive: true, force: true }));

it('writes what skopeo inspects', async () => {
  const { stdout } = await run(skopeo, ['inspect', `oci:${directory}/oci:stable-candidate`]);
  const { descriptor } = await openReference('1', directory, registries);
  expect(JSON.parse(stdout)).toMatchObject({ Digest: descriptor.digest, Labels: { title: 'sample' } });
});

it('writes what skopeo copies, and reads what skopeo writes', async () => {
  await run(skopeo, ['--insecure-policy', 'copy', `oci:${directory}/oci:1`, `oci:${directory}/copy:2`]);
  expect(await checkLayout(join(directory, 'copy'), silentReporter())).toMatchObject({ problems: [], blobs: 4 });
  const { reader, descriptor } = await openReference('oci:copy:2', directory, registries);
  const copied = await readImage(reader, descriptor);
  expect(copied.descriptor.digest).toBe((await openReference('1', directory, registries)).descriptor.digest);
});

it.each(['zstd', 'gzip'] as const)(
  'compresses large layers with %s so that skopeo reads all of it',
  async (algorithm) => {
    // Two pieces and a bit: readers exist that stop after the first frame, or after the first gzip member.
    const tar = tarOf([entry('file', {}, content(2 * pieceBytes))]);
    const blob = await compressed(tar, algorithm);
    {
      await using store = await openLayoutForWriting(join(directory, 'oci'));
      const layer = await storeBytes(store, blob, algorithm === 'zstd' ? mediaTypes.layerZstd : mediaTypes.layerGzip);
      await store.setTags(['large'], await storeImageOf(store, [layer], [digestOf(tar)]));
    }
    const copy = [
      '--insecure-policy',
      'copy',
      '--dest-decompress',
      `oci:${directory}/oci:large`,
      `dir:${directory}/plain`,
    ];
    await run(skopeo, copy);
    const hex = digestOf(tar).slice('sha256:'.length);
    expect(digestOf(await readFile(join(directory, 'plain', hex)))).toBe(digestOf(tar));
  },
);

it('a policy that asks for signed test results is one for skopeo, too', async () => {
  const policy = join(directory, 'policy.json');
  const results = { '': [{ type: 'sigstoreSigned', keyPath: 'ci.pub' }] };
  const transports = { [verdictTransport]: results };
  await writeFile(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }], transports }));
  await run(skopeo, ['--policy', policy, 'copy', `oci:${directory}/oci:1`, `oci:${directory}/copy:2`]);
});

it('keeps its tags when skopeo adds one beside them', async () => {
  await run(skopeo, ['--insecure-policy', 'copy', `oci:${directory}/oci:1`, `oci:${directory}/oci:added`]);
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  expect([...(await store.listTags()).keys()]).toEqual(['1', 'added', 'stable-candidate']);
});
