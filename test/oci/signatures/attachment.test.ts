import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/lib/digest.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Registries, Repository } from '../../../src/oci/registries.ts';
import { createRegistries } from '../../../src/oci/registry.ts';
import { parseImageConfig } from '../../../src/oci/schemas.ts';
import {
  addSignature,
  readAttachment,
  signatureAnnotation,
  signatureTag,
} from '../../../src/oci/signatures/attachment.ts';
import type { ContentReader, ContentStore } from '../../../src/oci/store.ts';
import { readSmallBlob } from '../../../src/oci/verified.ts';
import { startTestingRegistry, type TestingRegistry } from '../../helpers/testing-registry.ts';

const subject = digestOf('image');
const tag = signatureTag(subject);
const signers = ['one', 'two', 'three', 'four', 'five', 'six'];

function add(store: ContentStore, signer: string, shared: boolean): Promise<void> {
  const signature = Buffer.from(`by ${signer}`).toString('base64');
  return addSignature(store, subject, { payload: Buffer.from('payload'), signature }, shared);
}

/** Whose signatures there are. */
async function found(reader: ContentReader): Promise<string[]> {
  const layers = (await readAttachment(reader, subject))?.manifest.layers ?? [];
  const texts = layers.map(({ annotations }) => annotations?.[signatureAnnotation] ?? '');
  return texts.map((text) => Buffer.from(text, 'base64').toString().replace('by ', ''));
}

describe('in a layout', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-signatures-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('adds to what is there, and nothing twice', async () => {
    await using store = await openLayoutForWriting(directory);
    for (const signer of ['one', 'two', 'one']) await add(store, signer, false);
    expect(await found(store)).toEqual(['one', 'two']);
    expect(await store.tagNames()).toEqual([tag]);
  });

  it('is shaped as cosign shapes it', async () => {
    await using store = await openLayoutForWriting(directory);
    for (const signer of ['one', 'two']) await add(store, signer, false);
    const attachment = await readAttachment(store, subject);
    const [layer] = attachment?.manifest.layers ?? [];
    if (attachment === undefined || layer === undefined) throw new Error('nothing was attached');
    expect(tag).toBe(`sha256-${subject.slice('sha256:'.length)}.sig`);
    expect(layer).toEqual({
      mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
      digest: digestOf('payload'),
      size: 7,
      annotations: { 'dev.cosignproject.cosign/signature': Buffer.from('by one').toString('base64') },
    });
    const config = await readSmallBlob(store, attachment.manifest.config, 1000);
    expect(parseImageConfig(config.toString(), 'config').rootfs.diff_ids).toEqual([layer.digest, layer.digest]);
  });

  it('loses none of those who sign at the same time', async () => {
    await using store = await openLayoutForWriting(directory);
    await Promise.all(signers.map((signer) => add(store, signer, false)));
    expect((await found(await openLayout(directory))).sort()).toEqual([...signers].sort());
  });
});

describe('in a registry', () => {
  let registry: TestingRegistry & AsyncDisposable;
  let registries: Registries;
  let repository: Repository;
  beforeEach(async () => {
    // As most are: it takes every tag, whatever the condition.
    registry = await startTestingRegistry({ behaviour: { conditionalPut: false } });
    registries = createRegistries({}, { environment: {} });
    repository = await registries.repository(registry.host, 'os/example');
  });
  afterEach(async () => {
    await registries[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  const attached = (): Digest => {
    const digest = registry.tags('os/example').get(tag);
    if (digest === undefined) throw new Error('nothing is attached');
    return digest;
  };

  it('loses none of those who sign at the same time', async () => {
    await Promise.all(signers.map((signer) => add(repository, signer, true)));
    expect((await found(repository)).sort()).toEqual([...signers].sort());
  });

  it('begins anew when another moved the tag in between', async () => {
    await add(repository, 'one', true);
    const fault = { kind: 'move-tag', when: 'after', repository: 'os/example', tag, to: attached() } as const;
    registry.inject({ match: { method: 'PUT', path: /\.sig$/ }, fault });
    await add(repository, 'two', true);
    expect((await found(repository)).sort()).toEqual(['one', 'two']);
  });

  it('brings back what another has overwritten unseen', async () => {
    await add(repository, 'one', true);
    const alone = attached();
    await add(repository, 'two', true);
    registry.setTag('os/example', tag, alone);
    await add(repository, 'three', true);
    expect((await found(repository)).sort()).toEqual(['one', 'three', 'two']);
  });

  it('gives up on one who moves the tag every time', async () => {
    await add(repository, 'one', true);
    const fault = { kind: 'move-tag', when: 'after', repository: 'os/example', tag, to: attached() } as const;
    registry.inject({ match: { method: 'PUT', path: /\.sig$/ }, fault, times: Number.POSITIVE_INFINITY });
    await expect(add(repository, 'two', true)).rejects.toMatchObject({
      code: 'SIGNATURE_CONTENDED',
      exitStatus: 4,
      message: `others kept on moving the tag ${tag}, where signatures are kept`,
      hint: 'run the same command again',
    });
  });
});
