import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { type Digest, digestOf } from '../../src/lib/digest.ts';
import { attachArtifact, storeBytes } from '../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { addSignature, signatureAnnotation, signatureTag } from '../../src/oci/signatures/attachment.ts';
import { attachBundle, bundleMediaType, makeBundle } from '../../src/oci/signatures/bundle.ts';
import { type SigningKey, signBytes } from '../../src/oci/signatures/keys.ts';
import { simpleSigningMediaType, simpleSigningPayload } from '../../src/oci/signatures/simple-signing.ts';
import { checkSignatures, signDescriptor } from '../../src/oci/signatures.ts';
import type { ContentStore } from '../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { storeImage } from '../helpers/image.ts';
import { signingKey } from '../helpers/signing.ts';

const identity = 'registry.example.com/os/example';
const key = signingKey('release.pub');
const stranger = signingKey('stranger.pub');

let directory: string;
let store: ContentStore & AsyncDisposable;
let image: Descriptor;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-verify-'));
  store = await openLayoutForWriting(directory);
  image = await storeImage(store, [Buffer.from('os')]);
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const sign = (by: SigningKey, name = identity) =>
  signDescriptor(store, image, { key: by, identity: name, shared: false });
const check = (keys = [key]) => checkSignatures(store, image.digest, { keys });
const kinds = async (keys = [key]) => (await check(keys)).good.map(({ kind, key: by }) => `${kind} ${by}`);

describe('signDescriptor', () => {
  it('signs in both forms, and not again', async () => {
    expect(await sign(key)).toBe(true);
    expect(await sign(key)).toBe(false);
    expect(await check()).toEqual({
      good: [
        {
          kind: 'attachment',
          digest: digestOf(simpleSigningPayload({ digest: image.digest, identity })),
          key: 'release.pub',
          identity,
        },
        { kind: 'bundle', digest: expect.any(String) as string, key: 'release.pub', identity: undefined },
      ],
      refused: [],
    });
  });

  it('adds another name, and the signature of another key', async () => {
    await sign(key);
    expect(await sign(key, `${identity}:stable`)).toBe(true);
    expect(await sign(stranger)).toBe(true);
    expect(await kinds()).toEqual(['attachment release.pub', 'attachment release.pub', 'bundle release.pub']);
    expect(await kinds([stranger])).toEqual(['attachment stranger.pub', 'bundle stranger.pub']);
  });

  it('adds what is missing of the two forms', async () => {
    await attachBundle(store, image, makeBundle(key, image.digest));
    expect(await sign(key)).toBe(true);
    expect(await kinds()).toEqual(['attachment release.pub', 'bundle release.pub']);
  });
});

describe('checkSignatures', () => {
  it('finds nothing where nothing is', async () => {
    expect(await check()).toEqual({ good: [], refused: [] });
  });

  it('takes a signature by any of the keys', async () => {
    await sign(stranger);
    expect(await kinds([key, stranger])).toEqual(['attachment stranger.pub', 'bundle stranger.pub']);
  });

  it('does not read what are no signatures: attestations, other referrers', async () => {
    await attach([{ payload: Buffer.from('{}'), mediaType: 'application/vnd.dsse.envelope.v1+json' }]);
    await attachArtifact(store, image, { artifactType: 'text/plain', content: Buffer.from('a note') });
    expect(await check()).toEqual({ good: [], refused: [] });
  });

  const payload = () => simpleSigningPayload({ digest: image.digest, identity });
  const signed = (bytes: Uint8Array) => ({ payload: bytes, signature: signBytes(key, bytes).toString('base64') });
  const elsewhere = digestOf('another image');

  it.each<[string, () => { payload: Uint8Array; signature?: string }, string, string]>([
    [
      'of another key',
      () => ({ ...signed(payload()), signature: signBytes(stranger, payload()).toString('base64') }),
      'key',
      'it was not made with release.pub',
    ],
    [
      'whose payload was changed',
      () => ({ ...signed(payload()), payload: Buffer.from(payload().toString().replace('os/', 'so/')) }),
      'key',
      'it was not made with release.pub',
    ],
    [
      'of another image',
      () => signed(simpleSigningPayload({ digest: elsewhere, identity })),
      'digest',
      `it is for ${elsewhere}`,
    ],
    [
      'without its annotation',
      () => ({ payload: payload() }),
      'format',
      'it has no annotation dev.cosignproject.cosign/signature',
    ],
    [
      'cut short',
      () => ({ ...signed(payload()), signature: signed(payload()).signature.slice(0, 21) }),
      'format',
      'its signature is not base64',
    ],
    ['that is empty', () => ({ ...signed(payload()), signature: '' }), 'key', 'it was not made with release.pub'],
    [
      'that never ends',
      () => ({ ...signed(payload()), signature: 'A'.repeat(8192) }),
      'format',
      'its signature is not base64',
    ],
    [
      'of something else',
      () => signed(Buffer.from('[]')),
      'format',
      'its payload: the document: Invalid input: expected object, received array',
    ],
  ])('refuses a signature %s', async (_, make, fault, reason) => {
    const made = make();
    await attach([made]);
    expect(await check()).toEqual({
      good: [],
      refused: [{ kind: 'attachment', digest: digestOf(made.payload), fault, reason }],
    });
  });

  it('refuses a payload that is too large, without reading it', async () => {
    const large = Buffer.alloc(64 * 1024 + 1, ' ');
    await attach([signed(large)]);
    const digest = digestOf(large);
    expect((await check()).refused).toEqual([
      {
        kind: 'attachment',
        digest,
        fault: 'format',
        reason: `blob ${digest} (${simpleSigningMediaType}) has 65537 bytes; at most 65536 are accepted`,
      },
    ]);
  });

  const bundleOf = (digest: Digest, by = key) => makeBundle(by, digest);
  it.each<[string, () => Buffer, string, string]>([
    ['of another key', () => bundleOf(image.digest, stranger), 'key', 'it was not made with release.pub'],
    ['of another image', () => bundleOf(elsewhere), 'digest', `it is for ${elsewhere}`],
    [
      'that is none',
      () => Buffer.from('[]'),
      'format',
      'its bundle: the document: Invalid input: expected object, received array',
    ],
  ])('refuses a bundle %s', async (_, make, fault, reason) => {
    const { digest } = await attachBundle(store, image, make());
    expect(await check()).toEqual({ good: [], refused: [{ kind: 'bundle', digest, fault, reason }] });
  });

  it('refuses a referrer that only says that it is a bundle', async () => {
    const { digest } = await attachArtifact(store, image, {
      artifactType: bundleMediaType,
      content: Buffer.from('a note'),
      mediaType: 'text/plain',
    });
    expect((await check()).refused).toEqual([
      { kind: 'bundle', digest, fault: 'format', reason: 'its manifest holds no bundle' },
    ]);
  });

  it('asks for the name where there are rules for names: a bundle has none', async () => {
    await sign(key);
    const { good, refused } = await checkSignatures(store, image.digest, {
      keys: [key],
      refuseIdentity: (name) => (name === identity ? undefined : 'wrong'),
    });
    expect(good.map(({ kind }) => kind)).toEqual(['attachment']);
    expect(refused.map(({ kind, fault, reason }) => [kind, fault, reason])).toEqual([
      ['bundle', 'identity', 'it names no image, only a digest'],
    ]);
  });

  it('passes a bad signature on the way to a good one', async () => {
    await attach([{ payload: Buffer.from('bad'), signature: '?' }, signed(payload())]);
    const { good, refused } = await check();
    expect([good.length, refused.length]).toEqual([1, 1]);
  });

  it('reads a hundred of each kind and no more', async () => {
    const many = Array.from({ length: 120 }, (_, number) => ({ payload: payload(), signature: `number${number}` }));
    await attach(many);
    const { refused } = await check();
    expect(refused).toHaveLength(101);
    expect(refused[0]).toEqual({
      kind: 'attachment',
      digest: undefined,
      fault: 'format',
      reason: '20 more are not read: at most 100 are',
    });
  });

  it('refuses ten thousand signatures as a whole', async () => {
    const many = Array.from({ length: 10_000 }, (_, number) => ({ payload: payload(), signature: `number${number}` }));
    const manifest = await attach(many);
    expect(await check()).toEqual({
      good: [],
      refused: [
        {
          kind: 'attachment',
          digest: undefined,
          fault: 'format',
          reason: `manifest ${manifest.digest}: layers: Too big: expected array to have <=500 items`,
        },
      ],
    });
  });

  it('throws what the place fails at, instead of calling the image unsigned', async () => {
    const failing = { ...store, resolveTag: () => Promise.reject(new Error('the disk is gone')) };
    await expect(checkSignatures(failing, image.digest, { keys: [key] })).rejects.toThrow('the disk is gone');
  });

  it('says what is wrong with a tag that points to something else', async () => {
    const note = await storeBytes(store, Buffer.from('{}'), mediaTypes.index);
    await store.setTags([signatureTag(image.digest)], note);
    expect((await check()).refused).toEqual([
      {
        kind: 'attachment',
        digest: undefined,
        fault: 'format',
        reason: `${note.digest} has the media type ${mediaTypes.index}; an image has ${mediaTypes.manifest}`,
      },
    ]);
  });

  it('takes what was added beside signatures that cannot be read', async () => {
    await attach([{ payload: Buffer.from('bad'), signature: '?' }]);
    await addSignature(store, image.digest, signed(payload()), false);
    expect((await check()).good).toHaveLength(1);
  });
});

interface Attached {
  payload: Uint8Array;
  signature?: string;
  mediaType?: string;
}

/** Tags a manifest of signatures as a hostile registry might hold one. */
async function attach(signatures: readonly Attached[]): Promise<Descriptor> {
  const payloads = new Map(signatures.map((one) => [digestOf(one.payload), one.payload]));
  for (const payload of payloads.values()) await storeBytes(store, payload, simpleSigningMediaType);
  const layers = signatures.map(({ payload, signature, mediaType = simpleSigningMediaType }) => ({
    mediaType,
    digest: digestOf(payload),
    size: payload.byteLength,
    annotations: signature === undefined ? undefined : { [signatureAnnotation]: signature },
  }));
  const config = await storeBytes(store, Buffer.from('{}'), mediaTypes.config);
  const content = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers });
  const manifest = await storeBytes(store, Buffer.from(content), mediaTypes.manifest);
  await store.setTags([signatureTag(image.digest)], manifest);
  return manifest;
}
