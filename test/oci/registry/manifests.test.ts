import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { readManifest } from '../../../src/oci/image.ts';
import { createManifestCache } from '../../../src/oci/registry/manifest-cache.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { collect, storeImage } from '../../helpers/image.ts';
import { descriptorOf, openScriptedRepository, openTestingRepository } from '../../helpers/repositories.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';

const manifestPath = /\/manifests\//;
const acceptedTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
const document = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] });

/** A server that gives one manifest, whatever is asked for. */
function openWith(body: string | Buffer, headers: Readonly<Record<string, string>> = {}) {
  return openScriptedRepository((_, response) => {
    response.writeHead(200, { 'Content-Length': Buffer.byteLength(body), ...headers }).end(body);
  });
}

describe('a manifest', () => {
  it('is asked for with HEAD, and with what we can read', async () => {
    await using scene = await openTestingRepository();
    const image = await storeImage(scene.repository, []);
    await scene.repository.setTags(['stable'], image);
    scene.registry.log.length = 0;
    expect(await scene.repository.resolveTag('stable')).toEqual(image);
    const [asked, ...others] = scene.registry.log;
    expect(asked).toMatchObject({ method: 'HEAD', headers: { accept: acceptedTypes } });
    expect(others).toEqual([]);
  });

  it('is read once, and not at all after it was stored', async () => {
    await using scene = await openTestingRepository();
    const image = await storeImage(scene.repository, []);
    await collect(scene.repository.readBlob(image));
    await scene.repository.setTags(['stable'], image);
    expect(await scene.repository.resolveDigest(image.digest)).toEqual(image);
    const another = scene.open();
    await collect(another.readBlob(image));
    await collect(another.readBlob(image));
    expect(requestsOf(scene.registry.log, { path: manifestPath }).map(({ method }) => method)).toEqual([
      'PUT',
      'PUT',
      'GET',
    ]);
  });

  it('is asked for again after it was deleted', async () => {
    await using scene = await openTestingRepository();
    const image = await storeImage(scene.repository, []);
    await scene.repository.deleteManifest(image.digest);
    expect(await scene.repository.resolveDigest(image.digest)).toBeUndefined();
    await expect(collect(scene.repository.readBlob(image))).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: `blob ${image.digest} is missing in ${scene.where}`,
    });
  });

  it('is read where HEAD says too little', async () => {
    await using scene = await openTestingRepository({ behaviour: { digestHeader: false } });
    const image = await storeImage(scene.repository, []);
    await scene.repository.setTags(['stable'], image);
    expect(await scene.open().resolveTag('stable')).toEqual(image);
  });

  const types = [
    { type: 'application/json', body: document, found: mediaTypes.manifest },
    { type: 'application/octet-stream', body: '{"schemaVersion":2,"manifests":[]}', found: mediaTypes.index },
    {
      type: 'text/plain; charset=utf-8',
      body: '{"mediaType":"application/vnd.a+json"}',
      found: 'application/vnd.a+json',
    },
    { type: 'application/vnd.docker.distribution.manifest.v2+json', body: document, found: undefined },
    { type: 'Application/vnd.oci.image.manifest.v1+json; charset=utf-8', body: document, found: mediaTypes.manifest },
  ];
  it.each(types)('of the type $type is what it says of itself', async ({ type, body, found }) => {
    await using scene = await openWith(body, { 'Content-Type': type });
    expect(await scene.repository.resolveTag('stable')).toEqual({
      mediaType: found ?? type,
      digest: digestOf(body),
      size: body.length,
    });
  });

  const schema1 = [
    { name: 'by its type', type: 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
    { name: 'by its content', type: 'application/json' },
  ];
  it.each(schema1)('of schema 1 is refused, $name', async ({ type }) => {
    await using scene = await openWith('{"schemaVersion":1}', { 'Content-Type': type });
    await expect(scene.repository.resolveTag('stable')).rejects.toMatchObject({
      code: 'MANIFEST_SCHEMA1',
      exitStatus: 4,
      message: `${scene.where}:stable is a manifest of Docker's schema 1, which is not supported`,
      hint: `convert it: skopeo copy --format oci ${scene.where}:stable docker://HOST/REPO:TAG`,
    });
  });

  const tooMany = 4 * 1024 * 1024 + 1;
  it.each([
    { name: 'HEAD', digest: { 'Docker-Content-Digest': digestOf('') } },
    { name: 'GET', digest: {} },
  ])('of more than 4 MiB is refused after $name', async ({ digest }) => {
    await using scene = await openWith(Buffer.alloc(tooMany), { 'Content-Type': mediaTypes.manifest, ...digest });
    await expect(scene.repository.resolveTag('stable')).rejects.toMatchObject({
      code: 'MANIFEST_TOO_LARGE',
      exitStatus: 4,
      message: `${scene.where}:stable: the manifest has more than 4194304 bytes; at most 4194304 are accepted`,
    });
  });

  it.each([400, 403, 405, 501])('is asked for with GET where HEAD is answered %i', async (status) => {
    await using scene = await openTestingRepository();
    const image = await storeImage(scene.repository, []);
    await scene.repository.setTags(['stable'], image);
    scene.registry.inject({
      match: { method: 'HEAD' },
      fault: { kind: 'status', status },
      times: Number.POSITIVE_INFINITY,
    });
    const fresh = scene.open();
    expect(await fresh.resolveTag('stable')).toEqual(image);
    expect(await fresh.hasBlob(digestOf('{}'))).toBe(false);
    expect(scene.waits).toEqual([]);
  });

  it.each(['0', '1', '12345', '999999999'])('has the length of its content, whatever HEAD says: %s', async (length) => {
    await using scene = await openTestingRepository();
    const image = await storeImage(scene.repository, []);
    await scene.repository.setTags(['stable'], image);
    const fault = { kind: 'headers', headers: { 'Content-Length': length } } as const;
    scene.registry.inject({ match: { method: 'HEAD' }, fault, times: Number.POSITIVE_INFINITY });
    const fresh = scene.open();
    const found = await fresh.resolveTag('stable');
    expect((await readManifest(fresh, found as Descriptor)).layers).toEqual([]);
    expect(found).toEqual(image);
    expect(await fresh.resolveTag('stable')).toEqual(image);
    expect((await scene.open().listTags()).get('stable')?.digest).toBe(image.digest);
  });

  it('that comes encoded is named as that', async () => {
    await using scene = await openWith(gzipSync('{}'), {
      'Content-Type': mediaTypes.manifest,
      'Content-Encoding': 'gzip',
    });
    await expect(scene.repository.resolveTag('stable')).rejects.toMatchObject({
      code: 'REGISTRY_ANSWER_INVALID',
      exitStatus: 4,
      message: `${scene.where}: the registry's answer is not as specified: manifest stable comes with the encoding "gzip", though none was asked for`,
    });
    expect(scene.server.requests.at(-1)?.headers['accept-encoding']).toBe('identity');
  });

  it('of more than 4 MiB is not even sent', async () => {
    await using scene = await openTestingRepository();
    await expect(scene.repository.putManifest(' '.repeat(tooMany), mediaTypes.manifest)).rejects.toMatchObject({
      code: 'MANIFEST_TOO_LARGE',
    });
    expect(scene.registry.log).toEqual([]);
  });

  it('with another digest than its name is refused', async () => {
    await using scene = await openWith(document, { 'Content-Type': mediaTypes.manifest });
    const { digest } = descriptorOf('another document');
    const mismatch = {
      code: 'MANIFEST_DIGEST_MISMATCH',
      exitStatus: 4,
      message: `${scene.where}@${digest}: the manifest should have the digest ${digest}, but it has ${digestOf(document)}`,
    };
    await expect(scene.repository.resolveDigest(digest)).rejects.toMatchObject(mismatch);
    const descriptor = { mediaType: mediaTypes.manifest, digest, size: document.length };
    await expect(collect(scene.repository.readBlob(descriptor))).rejects.toMatchObject(mismatch);
  });

  it('with another digest than the registry says is refused', async () => {
    const digest = digestOf('another document');
    // Without a type HEAD is not enough.
    await using scene = await openWith(document, { 'Docker-Content-Digest': digest });
    await expect(scene.repository.resolveTag('stable')).rejects.toMatchObject({
      code: 'MANIFEST_DIGEST_MISMATCH',
      message: `${scene.where}:stable: the manifest should have the digest ${digest}, but it has ${digestOf(document)}`,
    });
  });

  it('of another size than its descriptor says is refused', async () => {
    await using scene = await openWith(document, { 'Content-Type': mediaTypes.manifest });
    const descriptor = { ...descriptorOf(document, mediaTypes.manifest), size: 5 };
    await expect(collect(scene.repository.readBlob(descriptor))).rejects.toMatchObject({
      code: 'BLOB_SIZE_MISMATCH',
      message: `blob ${descriptor.digest} in ${scene.where} has ${document.length} bytes, its descriptor says 5`,
    });
  });

  it.each(['', '<html></html>', '[]', '{}', 'null', '{"mediaType":"\\u001b[2J"}'])(
    'that is none is refused: %j',
    async (body) => {
      await using scene = await openWith(body, { 'Content-Type': 'text/html' });
      await expect(scene.repository.resolveTag('stable')).rejects.toMatchObject({
        code: 'REGISTRY_ANSWER_INVALID',
        exitStatus: 4,
        message: `${scene.where}: the registry's answer is not as specified: ${scene.where}:stable is no manifest`,
      });
    },
  );

  it('is not believed to be stored as something else', async () => {
    const digest = digestOf('another document');
    await using scene = await openScriptedRepository((request, response) => {
      request.resume().on('end', () => response.writeHead(201, { 'Docker-Content-Digest': digest }).end());
    });
    await expect(scene.repository.putManifest(document, mediaTypes.manifest)).rejects.toMatchObject({
      code: 'MANIFEST_DIGEST_MISMATCH',
    });
  });

  it.each([400, 405, 501])('is not deleted by a registry that answers %i', async (status) => {
    await using scene = await openScriptedRepository((request, response) => {
      if (request.method === 'DELETE') response.writeHead(status).end();
      else response.writeHead(200, { 'Content-Type': mediaTypes.manifest }).end(document);
    });
    await expect(scene.repository.deleteManifest(digestOf(document))).rejects.toMatchObject({
      code: 'DELETE_UNSUPPORTED',
      exitStatus: 1,
      message: `${scene.where}: the registry does not delete manifests (${status})`,
    });
  });
});

describe('the memory for manifests', () => {
  it('forgets what was not used for the longest time', () => {
    const cache = createManifestCache(25);
    const manifest = (content: string) => ({ mediaType: 'text/plain', bytes: Buffer.from(content) });
    const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];
    cache.set(a, manifest('0123456789'));
    cache.set(b, manifest('0123456789'));
    expect(cache.get(a)).toBeDefined();
    cache.set(c, manifest('0123456789'));
    expect(cache.get(b)).toBeUndefined();
    expect(cache.get(a)).toEqual(manifest('0123456789'));
    cache.set(a, manifest('012345678901234'));
    expect(cache.get(c)).toBeDefined();
    cache.delete(c);
    cache.set(b, manifest('0123456789'));
    expect(cache.get(a)).toBeDefined();
    cache.set(c, manifest('0'.repeat(26)));
    expect([a, b, c].map((digest) => cache.get(digest))).toEqual([undefined, undefined, undefined]);
  });
});
