import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cache, openCache } from '../../../src/cache/cache.ts';
import { cacheKinds } from '../../../src/cache/kinds.ts';
import { type Digest, digestHex, digestOf } from '../../../src/lib/digest.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { LocalStore } from '../../../src/oci/store.ts';
import { type Manifest, mediaTypes } from '../../../src/oci/types.ts';
import { layerReuse, type PreviousImage } from '../../../src/ostree/encapsulate/reuse.ts';
import type { StoredLayer } from '../../../src/ostree/encapsulate/types.ts';

const { signal } = new AbortController();
const key = 'the content key';
const content = Buffer.from('a layer, uncompressed');

let directory: string;
let here: LocalStore & AsyncDisposable;
let there: LocalStore & AsyncDisposable;
let cache: Cache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-reuse-'));
  here = await openLayoutForWriting(join(directory, 'here'));
  there = await openLayoutForWriting(join(directory, 'there'));
  cache = await openCache(directory, cacheKinds.layers);
});
afterEach(async () => {
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
  await cache[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** The same bytes for the same level; other levels give other bytes. */
async function store(place: LocalStore, level: number, bytes: Buffer = content): Promise<StoredLayer> {
  const blob = Buffer.concat([gzipSync(bytes, { level })]);
  return { descriptor: await storeBytes(place, blob, mediaTypes.layerGzip), diffId: digestOf(content) };
}

/** An image elsewhere with that layer, and how many of its blobs were read. */
function imageOf({ descriptor, diffId }: StoredLayer): PreviousImage & { reads: Digest[] } {
  const annotations = { 'coreos-assembler.content-key': key };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: digestOf(''), size: 0 },
    layers: [{ ...descriptor, annotations }],
  };
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' as const, diff_ids: [diffId] } };
  const reads: Digest[] = [];
  const readBlob: LocalStore['readBlob'] = (blob, stop) => {
    reads.push(blob.digest);
    return there.readBlob(blob, stop);
  };
  return { image: { manifest, config }, reader: { readBlob }, reads };
}

const reuseOf = (previous: PreviousImage) => layerReuse(here, cache, previous);

describe('a layer of a previous image that lies elsewhere', () => {
  it('is to be written, and counts as reused when the bytes are the same: nothing is fetched', async () => {
    const previous = imageOf(await store(there, 6));
    const reuse = reuseOf(previous);
    expect(await reuse.find(key, signal)).toBeUndefined();
    const written = await store(here, 6);
    expect(await reuse.settle(key, written, signal)).toEqual({ layer: written, reused: true });
    expect(await reuse.find(key, signal)).toEqual(written);
    expect(previous.reads).toEqual([]);
  });

  it('is fetched when another compressor has made other bytes of it, once', async () => {
    const theirs = await store(there, 1);
    const previous = imageOf(theirs);
    const reuse = reuseOf(previous);
    expect(await reuse.settle(key, await store(here, 9), signal)).toEqual({ layer: theirs, reused: true });
    expect(await here.hasBlob(theirs.descriptor.digest)).toBe(true);
    expect(await reuse.find(key, signal)).toEqual(theirs);
    expect(previous.reads).toEqual([theirs.descriptor.digest]);
  });

  it('is fetched also when an earlier build has kept its own', async () => {
    const theirs = await store(there, 1);
    await layerReuse(here, cache).settle(key, await store(here, 9), signal);
    expect(await reuseOf(imageOf(theirs)).find(key, signal)).toEqual(theirs);
  });

  it('is not taken when it holds something else than its config says', async () => {
    const previous = imageOf(await store(there, 1, Buffer.from('something else')));
    const written = await store(here, 9);
    expect(await reuseOf(previous).settle(key, written, signal)).toEqual({ layer: written, reused: false });
  });

  it('is not asked for when its content is another', async () => {
    const previous = imageOf({ ...(await store(there, 1)), diffId: digestOf('other') });
    const written = await store(here, 9);
    expect(await reuseOf(previous).settle(key, written, signal)).toEqual({ layer: written, reused: false });
    expect(previous.reads).toEqual([]);
  });

  it('is not fetched when it is far larger than ours: that is no other form of it', async () => {
    const theirs = await store(there, 1);
    const previous = imageOf({ ...theirs, descriptor: { ...theirs.descriptor, size: 10_000_000 } });
    const written = await store(here, 9);
    expect(await reuseOf(previous).settle(key, written, signal)).toEqual({ layer: written, reused: false });
    expect(previous.reads).toEqual([]);
  });

  it('that was written here and is cut off now is to be written again', async () => {
    const reuse = layerReuse(here, cache);
    const { layer } = await reuse.settle(key, await store(here, 6), signal);
    expect(await reuse.find(key, signal)).toEqual(layer);
    await truncate(join(directory, 'here/blobs/sha256', digestHex(layer.descriptor.digest)), 3);
    expect(await reuse.find(key, signal)).toBeUndefined();
  });

  it('is done without when it is gone', async () => {
    const theirs = await store(there, 1);
    await rm(join(directory, 'there/blobs'), { recursive: true });
    const written = await store(here, 9);
    expect(await reuseOf(imageOf(theirs)).settle(key, written, signal)).toEqual({ layer: written, reused: false });
  });
});
