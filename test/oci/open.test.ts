import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { digestHex, digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { openReference } from '../../src/oci/open.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { storeImage } from '../helpers/image.ts';
import { startTestingRegistry } from '../helpers/testing-registry.ts';

const registries = createRegistries({}, { environment: {} });

let directory: string;
let first: Descriptor;
let second: Descriptor;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-open-'));
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  first = await storeImage(store, [Buffer.from('one')]);
  second = await storeImage(store, [Buffer.from('two')]);
  await store.setTags(['41.1', 'stable'], first);
  await store.setTags(['41.2', 'stable-candidate'], second);
  await using other = await openLayoutForWriting(join(directory, 'single'));
  await other.setTags(['a', 'b'], await storeImage(other, [Buffer.from('one')]));
  // A manifest that a tag has left.
  await other.setTags(['a', 'b'], await storeImage(other, [Buffer.from('two')]));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('openReference', () => {
  it('finds a tag, a version, a digest and its prefix in the work directory', async () => {
    for (const name of ['stable', '41.1', first.digest, first.digest.slice(0, 20), first.digest.slice(7, 20)]) {
      expect((await openReference(name, directory, registries)).descriptor.digest).toBe(first.digest);
    }
    expect((await openReference('oci:oci:41.2', directory, registries)).descriptor.digest).toBe(second.digest);
  });

  it('needs no tag where there is one image', async () => {
    expect((await openReference('oci:single', directory, registries)).descriptor.digest).toBe(second.digest);
  });

  it('finds a manifest by digest that no tag points to', async () => {
    expect((await openReference(`oci:single@${first.digest}`, directory, registries)).descriptor.digest).toBe(
      first.digest,
    );
  });

  it('takes the digest of a tag with a digest, whatever has become of the tag', async () => {
    await using registry = await startTestingRegistry();
    const repository = await registries.repository(registry.host, 'os/example');
    const image = await storeImage(repository, [Buffer.from('one')]);
    await repository.setTags(['stable'], await storeImage(repository, [Buffer.from('two')]));
    for (const tag of ['stable', 'gone']) {
      const name = `docker://${registry.host}/os/example:${tag}@${image.digest}`;
      expect((await openReference(name, directory, registries)).descriptor.digest).toBe(image.digest);
    }
  });

  it.each([
    ['stabel', 'TAG_UNKNOWN', 'oci:/oci has no tag or digest "stabel"', 'did you mean stable?'],
    [
      'nothing-like-it',
      'TAG_UNKNOWN',
      'oci:/oci has no tag or digest "nothing-like-it"',
      'there are: 41.1, 41.2, stable, stable-candidate',
    ],
    [
      'oci:oci',
      'REFERENCE_AMBIGUOUS',
      'oci:oci holds 2 images: 41.1, 41.2, stable, stable-candidate',
      'choose one: oci:oci:TAG',
    ],
    ['oci:none', 'LAYOUT_MISSING', '/none is not an OCI layout: it has no file "oci-layout"', undefined],
    [`sha256:${'0'.repeat(64)}`, 'DIGEST_UNKNOWN', `oci:/oci holds no image sha256:${'0'.repeat(64)}`, undefined],
  ])('refuses %s', async (name, code, message, hint) => {
    await expect(openReference(name, directory, registries)).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message: message.replace(/^(oci:)?\//, `$1${directory}/`),
      ...(hint === undefined ? {} : { hint }),
    });
  });

  it('lists what an ambiguous prefix stands for', async () => {
    await using store = await openLayoutForWriting(join(directory, 'many'));
    const config = await storeBytes(store, Buffer.from('{}'), mediaTypes.empty);
    const manifest = (number: number) =>
      canonicalJson({
        schemaVersion: 2,
        config: { ...config },
        layers: [],
        annotations: { number: String(number) },
      });
    // Four digits are 65,536 prefixes: among 2000 manifests two share one.
    const byPrefix = new Map<string, number>();
    let [one, two] = [0, 0];
    for (let number = 0; two === 0; number++) {
      const prefix = digestHex(digestOf(manifest(number))).slice(0, 4);
      const other = byPrefix.get(prefix);
      if (other !== undefined) [one, two] = [other, number];
      byPrefix.set(prefix, number);
    }
    const a = await store.putManifest(manifest(one), mediaTypes.manifest);
    const b = await store.putManifest(manifest(two), mediaTypes.manifest);
    await store.setTags(['a', 'c'], a);
    await store.setTags(['b'], b);
    const prefix = digestHex(a.digest).slice(0, 4);
    await expect(openReference(`oci:many:${prefix}`, directory, registries)).rejects.toMatchObject({
      code: 'REFERENCE_AMBIGUOUS',
      message: `"${prefix}" begins several digests: ${a.digest} (a, c); ${b.digest} (b)`,
    });
  });
});
