import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGrainStore, type GrainStore } from '../../src/disk/image-threads/grain-store.ts';
import { type Grain, grainBytes } from '../../src/disk/image-threads/grains.ts';
import { imageThreads } from '../../src/disk/image-threads.ts';
import { sha256Hex } from '../../src/lib/digest.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-threads-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Bytes that threads can share. */
function shared(...pieces: readonly Uint8Array[]): Uint8Array<SharedArrayBuffer> {
  const all = new Uint8Array(new SharedArrayBuffer(pieces.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

const text = (word: string) => Buffer.alloc(grainBytes, word);
const inflated = (grain: Grain) => inflateRawSync(Buffer.concat([grain.fragment, Buffer.from([3, 0])]));

/** A store that counts what is asked of it. */
function counting(store: GrainStore) {
  const counts = { found: 0, put: 0 };
  const counted: GrainStore = {
    ...store,
    async get(digest) {
      const grain = await store.get(digest);
      if (grain !== undefined) counts.found++;
      return grain;
    },
    put(digest, grain) {
      counts.put++;
      return store.put(digest, grain);
    },
  };
  return { counted, counts };
}

describe('compressed grains', () => {
  it('are each made of 64 KiB, and come in their order', async () => {
    using threads = imageThreads({ size: 2 });
    const grains = await threads.deflate(shared(text('one'), text('two'), Buffer.from('three')));
    expect(grains.map(inflated)).toEqual([text('one'), text('two'), Buffer.from('three')]);
    expect(grains.map(({ size }) => size)).toEqual([grainBytes, grainBytes, 5]);
    expect(grains.map((grain) => grain.crc32)).toEqual(grains.map((grain) => crc32(inflated(grain))));
  });

  it('are the same whether they are kept or made, and are made once', async () => {
    await using store = await createGrainStore(join(directory, 'grains'));
    const { counted, counts } = counting(store);
    using threads = imageThreads({ size: 2, grains: counted });
    using plain = imageThreads({ size: 1 });
    const first = shared(text('one'), text('two'));
    const second = shared(text('zero'), text('two'), text('one'));
    expect(await threads.deflate(first)).toEqual(await plain.deflate(first));
    expect(counts).toEqual({ found: 0, put: 2 });
    expect(await threads.deflate(second)).toEqual(await plain.deflate(second));
    expect(counts).toEqual({ found: 2, put: 3 });
  });

  it('with another window are not taken for the others', async () => {
    await using store = await createGrainStore(join(directory, 'windows'));
    using threads = imageThreads({ size: 1, grains: store });
    const far = shared(Buffer.from(sha256Hex('far')), Buffer.alloc(20_000, 'between'), Buffer.from(sha256Hex('far')));
    const [wide] = await threads.deflate(far);
    const [narrow] = await threads.deflate(far, 4096);
    expect((narrow as Grain).fragment.length).toBeGreaterThan((wide as Grain).fragment.length);
  });

  it('leave no file behind', async () => {
    const store = await createGrainStore(join(directory, 'left'));
    expect(await readdir(directory)).toEqual([]);
    await store[Symbol.asyncDispose]();
  });
});

describe('a hash', () => {
  it('takes parts and zeros in the order of the calls, while others work', async () => {
    using threads = imageThreads({ size: 2 });
    const { signal } = new AbortController();
    const sums = await Promise.all(
      ['a', 'b', 'c'].map(async (letter) => {
        using hash = threads.hash();
        const calls = [
          hash.update(shared(Buffer.from(letter))),
          hash.updateZeros(200_000_000, signal),
          hash.update(shared(Buffer.from('z'))),
        ];
        await Promise.all(calls);
        return await hash.end();
      }),
    );
    const expected = (letter: string) =>
      sha256Hex(Buffer.concat([Buffer.from(letter), Buffer.alloc(200_000_000), Buffer.from('z')]));
    expect(sums).toEqual(['a', 'b', 'c'].map(expected));
  });

  it('stops within many zeros', async () => {
    using threads = imageThreads({ size: 1 });
    using hash = threads.hash();
    const stop = new AbortController();
    const hashing = hash.updateZeros(2 ** 40, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(hashing).rejects.toThrow('stopped');
  });
});
