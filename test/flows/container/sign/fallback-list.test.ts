import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyContainers } from '../../../../src/flows/container/copy.ts';
import { inspectReference } from '../../../../src/flows/container/inspect.ts';
import { verifyImage } from '../../../../src/flows/container/verify.ts';
import { canonicalJson, type Json } from '../../../../src/lib/canonical-json.ts';
import { attachBundle, bundleMediaType, makeBundle } from '../../../../src/oci/signatures/bundle.ts';
import { type Descriptor, mediaTypes } from '../../../../src/oci/types.ts';
import { storeImage } from '../../../helpers/image.ts';
import { silentSession } from '../../../helpers/session.ts';
import { signingKey } from '../../../helpers/signing.ts';
import { startTestingRegistry, type TestingRegistry } from '../../../helpers/testing-registry.ts';

// What cosign 3 leaves on a registry without the referrers API: a bundle, and a list that says of it what its config is.

const session = silentSession();
const key = signingKey('release.pub');

let directory: string;
let registry: TestingRegistry & AsyncDisposable;
let bundle: Descriptor;
/** `docker://HOST/os/example:stable`. */
let reference: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-fallback-'));
  await writeFile(join(directory, 'release.pub'), key.publicKey.export({ type: 'spki', format: 'pem' }));
  registry = await startTestingRegistry({ behaviour: { referrersApi: false } });
  const repository = await session.registries.repository(registry.host, 'os/example');
  const image = await storeImage(repository, []);
  await repository.setTags(['stable'], image);
  bundle = await attachBundle(repository, image, makeBundle(key, image.digest));
  const { mediaType, digest, size } = bundle;
  const entry = { mediaType, digest, size, artifactType: mediaTypes.empty };
  const list = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry] } as unknown as Json;
  const stored = await repository.putManifest(canonicalJson(list), mediaTypes.index);
  await repository.setTags([image.digest.replace(':', '-')], stored);
  reference = `docker://${registry.host}/os/example:stable`;
});

afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const verify = (name: string) => verifyImage(session, { directory, reference: name, key: 'release.pub' });

it('is verified, inspected, and copied into a layout as what it is', async () => {
  expect((await verify(reference)).signatures).toMatchObject([{ kind: 'bundle', digest: bundle.digest }]);
  expect(await inspectReference(session, directory, reference)).toMatchObject({
    signatures: [{ kind: 'bundle', digest: bundle.digest }],
  });

  const destination = `oci:${join(directory, 'copy')}:stable`;
  await copyContainers(session, directory, {
    source: reference,
    destination,
    all: true,
    platform: undefined,
    dryRun: false,
  });
  expect((await verify(destination)).signatures).toMatchObject([{ kind: 'bundle', digest: bundle.digest }]);

  // As a tool leaves it that copies the list's entries with it.
  const path = join(directory, 'copy/index.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(`"artifactType":"${bundleMediaType}"`, `"artifactType":"${mediaTypes.empty}"`));
  expect(await readFile(path, 'utf8')).not.toBe(text);
  expect((await verify(destination)).signatures).toMatchObject([{ kind: 'bundle', digest: bundle.digest }]);
});
