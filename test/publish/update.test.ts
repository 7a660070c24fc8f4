import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/publish/object-store.ts';
import { openObjectStore } from '../../src/publish/stores.ts';
import { readDocument, updateDocument } from '../../src/publish/update.ts';
import { silentSession } from '../helpers/session.ts';
import { withoutConditions } from './update/without-conditions.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-update-'));
});
afterAll(() => rm(base, { recursive: true }));

const key = 'streams/list.json';
const kinds: readonly [string, (store: ObjectStore) => ObjectStore][] = [
  ['conditions', (store) => store],
  ['lease', withoutConditions],
];
let roots = 0;

async function fresh(): Promise<{ root: string; url: string; store: ObjectStore }> {
  const root = join(base, `store-${roots++}`);
  await mkdir(root);
  const url = pathToFileURL(root).href;
  return { root, url, store: await openObjectStore(url, {}, silentSession()) };
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const object of store.list('')) keys.push(object.key);
  return keys;
}

it.each(kinds)('loses no entry of processes that write at once, by %s', async (mode) => {
  const { url, store } = await fresh();
  const program = fileURLToPath(new URL('update/updater.ts', import.meta.url));
  const names = ['one', 'two', 'three'];
  await Promise.all(names.map((name) => execa('node', ['--import', 'tsx', program, url, mode, name, '8'])));
  const { entries } = JSON.parse((await readDocument(store, key))?.text ?? '') as { entries: string[] };
  const expected = names.flatMap((name) => Array.from({ length: 8 }, (_, count) => `${name} ${count}`));
  expect(entries.toSorted()).toEqual(expected.toSorted());
  for (const name of names) {
    expect(entries.filter((entry) => entry.startsWith(name))).toEqual(
      expected.filter((entry) => entry.startsWith(name)),
    );
  }
  expect(await keysOf(store)).toEqual([key]);
});

it.each(kinds)('does not write what is there already, by %s', async (_mode, as) => {
  const store = as((await fresh()).store);
  expect(await updateDocument(store, key, () => '{}')).toEqual({ changed: true, text: '{}' });
  const before = await store.stat(key);
  expect(await updateDocument(store, key, (text) => text)).toEqual({ changed: false, text: '{}' });
  expect(await updateDocument(store, key, () => undefined)).toEqual({ changed: false, text: '{}' });
  expect(await store.stat(key)).toEqual(before);
});

it.each(kinds)('never overwrites what is not JSON, by %s', async (_mode, as) => {
  const { store: opened, url } = await fresh();
  const store = as(opened);
  const text = '{"stream": "stable",\n  oops';
  await store.put(key, Buffer.from(text), { contentType: 'application/json', cacheControl: 'no-cache' });
  await expect(updateDocument(store, key, () => '{}')).rejects.toMatchObject({
    code: 'METADATA_INVALID',
    exitStatus: 4,
    message: `${url}/${key}:2:3: it is not JSON`,
  });
  expect((await readDocument(store, key))?.text).toBe(text);
  expect(await keysOf(store)).toEqual([key]);
});

it('refuses a document that is no UTF-8, or larger than asked for', async () => {
  const { store, url } = await fresh();
  await store.put(key, Buffer.from([0x22, 0xff, 0x22]), { contentType: 'application/json', cacheControl: 'no-cache' });
  const error = (reason: string) => ({ code: 'METADATA_INVALID', message: `${url}/${key}: ${reason}` });
  await expect(readDocument(store, key)).rejects.toMatchObject(error('it is not UTF-8'));
  await expect(readDocument(store, key, 2)).rejects.toMatchObject(error('it has more than 2 bytes'));
  expect(await readDocument(store, 'streams/other.json')).toBeUndefined();
});

it('makes its change anew on what somebody else has written meanwhile', async () => {
  const { store } = await fresh();
  const seen: (string | undefined)[] = [];
  await updateDocument(store, key, async (text) => {
    seen.push(text);
    if (text === undefined) await store.put(key, Buffer.from('{"a":1}'), { contentType: '', cacheControl: '' });
    return JSON.stringify({ ...(JSON.parse(text ?? '{}') as object), b: 2 });
  });
  expect(seen).toEqual([undefined, '{"a":1}']);
  expect((await readDocument(store, key))?.text).toBe('{"a":1,"b":2}');
});

it('takes over the lease of an owner who has died, and waits for one who may live', async () => {
  const { root, store: opened } = await fresh();
  const store = withoutConditions(opened);
  const locks = join(root, 'locks', key);
  await mkdir(locks, { recursive: true });
  const claim = join(locks, '0123456789abcdef');
  await writeFile(claim, '{}');

  const stop = new AbortController();
  const living = updateDocument(
    { ...store, remove: (name) => store.remove(name).finally(() => stop.abort(new Error('enough'))) },
    key,
    () => '{}',
    stop.signal,
  );
  await expect(living).rejects.toThrow('enough');
  expect(await readDocument(store, key)).toBeUndefined();

  const longAgo = Date.now() / 1000 - 61;
  await utimes(claim, longAgo, longAgo);
  expect(await updateDocument(store, key, () => '{}')).toMatchObject({ changed: true });
  expect(await keysOf(store)).toEqual([key]);
});
