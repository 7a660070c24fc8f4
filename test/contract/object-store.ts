import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sortByBytes } from '../../src/lib/order.ts';
import type { ObjectStore, UploadSource } from '../../src/publish/object-store.ts';

/** What the contract needs to know of a kind of stores. */
export interface ContractStore extends AsyncDisposable {
  /** A place that nobody has used yet. Opened again with the same name, it is the same place. */
  open(name: string): Promise<ObjectStore>;
}

const json = { contentType: 'application/json', cacheControl: 'no-cache' };
const bytes = { contentType: 'application/octet-stream', cacheControl: 'max-age=31536000, immutable' };

export function sourceOf(content: Buffer): UploadSource {
  return {
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    async *open(start, end) {
      for (let at = start; at < end; at += 100_000) yield content.subarray(at, Math.min(end, at + 100_000));
    },
  };
}

export async function contentOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** What every object store must do, whatever it is made of. */
export function objectStoreContract(name: string, setUp: () => Promise<ContractStore>): void {
  describe(`the object store ${name}`, () => {
    let scene: ContractStore;
    beforeAll(async () => {
      scene = await setUp();
    });
    afterAll(() => scene[Symbol.asyncDispose]());

    it('holds nothing at first, and says so', async () => {
      await using store = await scene.open('empty');
      expect(await store.stat('streams/stable.json')).toBeUndefined();
      expect(await keysOf(store, '')).toEqual([]);
      expect(await keysOf(store, 'prod/streams/')).toEqual([]);
      await expect(contentOf(store.read('streams/stable.json'))).rejects.toMatchObject({
        code: 'OBJECT_MISSING',
        message: `${store.url} has no object streams/stable.json`,
      });
      await store.remove('streams/stable.json');
    });

    it('gives back a document, whole and in ranges', async () => {
      await using store = await scene.open('documents');
      const etag = await store.put('streams/stable.json', Buffer.from('{"stream":"stable"}'), json);
      expect(await store.stat('streams/stable.json')).toMatchObject({ key: 'streams/stable.json', size: 19, etag });
      expect(String(await contentOf(store.read('streams/stable.json')))).toBe('{"stream":"stable"}');
      expect(String(await contentOf(store.read('streams/stable.json', { start: 2, end: 8 })))).toBe('stream');
      expect(String(await contentOf(store.read('streams/stable.json', { start: 11 })))).toBe('stable"}');
      expect(String(await contentOf(store.read('streams/stable.json', { start: 4, end: 4 })))).toBe('');
      await store.remove('streams/stable.json');
      expect(await store.stat('streams/stable.json')).toBeUndefined();
    });

    it('tells a changed document by its etag', async () => {
      await using store = await scene.open('changes');
      const first = await store.put('a.json', Buffer.from('one'), json);
      const second = await store.put('a.json', Buffer.from('two'), json);
      expect(second).not.toBe(first);
      expect((await store.stat('a.json'))?.etag).toBe(second);
    });

    it('writes under a condition, where it says that it can', async () => {
      await using store = await scene.open('conditions');
      if (!(await store.honoursConditions())) return;
      const changed = {
        code: 'OBJECT_CHANGED',
        message: `a.json in ${store.url} was changed by somebody else meanwhile`,
      };
      const write = (text: string, condition: Parameters<ObjectStore['put']>[3]) =>
        store.put('a.json', Buffer.from(text), json, condition);
      await expect(write('x', { condition: { etag: 'none' } })).rejects.toMatchObject(changed);
      const etag = await write('one', { condition: { absent: true } });
      await expect(write('x', { condition: { absent: true } })).rejects.toMatchObject(changed);
      const next = await write('two', { condition: { etag } });
      await expect(write('x', { condition: { etag } })).rejects.toMatchObject(changed);
      expect(String(await contentOf(store.read('a.json')))).toBe('two');
      expect((await store.stat('a.json'))?.etag).toBe(next);
    });

    it('lets one of many win who write under one condition', async () => {
      await using store = await scene.open('race');
      if (!(await store.honoursConditions())) return;
      const writers = Array.from({ length: 8 }, (_, index) =>
        store.put('a.json', Buffer.from(String(index)), json, { condition: { absent: true } }),
      );
      const outcomes = await Promise.allSettled(writers);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(String(await contentOf(store.read('a.json')))).toBe(String(winner));
    });

    it('lists in the byte order of keys', async () => {
      await using store = await scene.open('list');
      const keys = ['a/b/c', 'a-b', 'a.b', 'a/b-c', 'a0', 'B/x', 'b~'];
      for (const key of keys) await store.put(key, Buffer.from(key), json);
      expect(await keysOf(store, '')).toEqual(sortByBytes(keys));
      expect(await keysOf(store, 'a/')).toEqual(['a/b-c', 'a/b/c']);
      expect(await keysOf(store, 'a/b')).toEqual(['a/b-c', 'a/b/c']);
      expect(await keysOf(store, 'a/b/')).toEqual(['a/b/c']);
      expect(await keysOf(store, 'z')).toEqual([]);
      expect(await keysOf(store, '../')).toEqual([]);
    });

    it('stores a large object, and leaves it alone when it is there', async () => {
      await using store = await scene.open('large');
      const content = randomBytes(21_000_000);
      let sent = 0;
      const report = (count: number) => {
        sent += count;
      };
      const object = await store.upload('builds/1/a.raw', sourceOf(content), bytes, { report });
      expect(sent).toBe(content.length);
      expect(object).toMatchObject({ key: 'builds/1/a.raw', size: content.length, sha256: sourceOf(content).sha256 });
      expect((await contentOf(store.read('builds/1/a.raw'))).equals(content)).toBe(true);
      const again = await store.upload('builds/1/a.raw', sourceOf(content), bytes);
      expect(again.modified).toEqual((await store.stat('builds/1/a.raw'))?.modified);
      expect(again.etag).toBe(object.etag);
      const other = randomBytes(1000);
      await store.upload('builds/1/a.raw', sourceOf(other), bytes);
      expect((await contentOf(store.read('builds/1/a.raw'))).equals(other)).toBe(true);
    });

    it('stores an empty object', async () => {
      await using store = await scene.open('nothing');
      await store.upload('empty', sourceOf(Buffer.alloc(0)), bytes);
      expect(await store.stat('empty')).toMatchObject({ size: 0 });
      expect(await contentOf(store.read('empty'))).toHaveLength(0);
    });

    it.each([
      ['another content', (content: Buffer) => sourceOf(Buffer.from(content).fill(1, 5, 6))],
      ['fewer bytes', (content: Buffer) => sourceOf(content.subarray(1))],
      ['more bytes', (content: Buffer) => sourceOf(Buffer.concat([content, content]))],
    ])('stores nothing of a source with %s', async (_what, real) => {
      await using store = await scene.open('wrong-source');
      for (const size of [1000, 21_000_000]) {
        const content = randomBytes(size);
        const source = { ...sourceOf(content), open: real(content).open };
        const whole = real(content);
        source.open = () => whole.open(0, whole.size);
        await expect(store.upload('a', source, bytes)).rejects.toMatchObject({ code: 'UPLOAD_SOURCE_CHANGED' });
        expect(await keysOf(store, '')).toEqual([]);
      }
    });

    it('throws what the source throws, and stores nothing', async () => {
      await using store = await scene.open('broken-source');
      const source: UploadSource = {
        ...sourceOf(randomBytes(20_000_000)),
        async *open() {
          yield Buffer.alloc(9_000_000);
          throw new Error('the disk is gone');
        },
      };
      await expect(store.upload('a', source, bytes)).rejects.toThrow('the disk is gone');
      expect(await keysOf(store, '')).toEqual([]);
    });

    it.each(['', '/', 'a//b', '../a', 'a/../b', '.hidden', 'a/', 'a b', 'ä', 'a\nb', `a/${'b'.repeat(300)}`])(
      'refuses the key %j',
      async (key) => {
        await using store = await scene.open('keys');
        const refused = { code: 'STORE_KEY' };
        await expect(store.put(key, Buffer.from('x'), json)).rejects.toMatchObject(refused);
        await expect(store.upload(key, sourceOf(Buffer.from('x')), bytes)).rejects.toMatchObject(refused);
        await expect(store.stat(key)).rejects.toMatchObject(refused);
        await expect(store.remove(key)).rejects.toMatchObject(refused);
        await expect((async () => contentOf(store.read(key)))()).rejects.toMatchObject(refused);
      },
    );

    it('stops when it is told to', async () => {
      await using store = await scene.open('signals');
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(store.stat('a', signal)).rejects.toThrow('enough');
      await expect(store.put('a', Buffer.from('x'), json, { signal })).rejects.toThrow('enough');
      await expect(store.upload('a', sourceOf(Buffer.from('x')), bytes, { signal })).rejects.toThrow('enough');
      await expect(store.remove('a', signal)).rejects.toThrow('enough');
      expect(await store.stat('a')).toBeUndefined();
    });
  });
}
