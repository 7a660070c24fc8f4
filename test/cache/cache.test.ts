import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cache, openCache } from '../../src/cache/cache.ts';
import type { CacheKind } from '../../src/cache/kinds.ts';

let top: string;
let directory: string;
let opened: Cache[];
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
  directory = join(top, 'things');
  opened = [];
});
afterEach(async () => {
  for (const cache of opened) await cache[Symbol.asyncDispose]();
  await rm(top, { recursive: true });
});

const kind: CacheKind = { name: 'things', content: 'things', isPrivate: false, mostEntries: 3, mostBytes: 100 };
async function open(): Promise<Cache> {
  const cache = await openCache(top, kind);
  opened.push(cache);
  return cache;
}
const entries = async () => (await readdir(directory)).filter((name) => !name.startsWith('.')).sort();
/** Gives entries that are files, the first named used longest ago. */
async function write(cache: Cache, texts: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(texts);
  for (const [index, name] of names.entries()) {
    await cache.writeText(name, texts[name] ?? '');
    await utimes(join(directory, name), 1000 + index, 1000 + index);
  }
}

describe('a cache', () => {
  it('keeps no more entries, and no more bytes, than its kind says: the least recently used go', async () => {
    const cache = await open();
    await write(cache, { a: '', b: '', c: '', d: '' });
    await cache.readText('a');
    await cache.trim();
    expect(await entries()).toEqual(['a', 'c', 'd']);
    await write(cache, { c: 'x'.repeat(60), d: 'x'.repeat(60) });
    await cache.trim();
    expect(await entries()).toEqual(['a', 'd']);
  });

  it('removes nothing that another one uses, until that is closed', async () => {
    const [one, other] = [await open(), await open()];
    await write(one, { a: '1', b: '2', c: '3' });
    await other.use(['a', 'absent']);
    await other.use(['c']);
    expect(await one.remove(['a', 'b', 'c', 'd'])).toEqual(['b']);
    await other[Symbol.asyncDispose]();
    expect((await one.remove(['a', 'b', 'c'])).sort()).toEqual(['a', 'c']);
    expect(await entries()).toEqual([]);
  });

  it('replaces an entry as a whole, be it a directory', async () => {
    const cache = await open();
    for (const content of ['old', 'new']) {
      const unfinished = cache.unfinishedPath('tree');
      await mkdir(join(unfinished, content), { recursive: true });
      await cache.place(unfinished, 'tree');
    }
    expect(await readdir(cache.path('tree'))).toEqual(['new']);
  });

  it('leaves nothing but its entries', async () => {
    await mkdir(join(directory, '.cosa-abcdef/unfinished/deep'), { recursive: true });
    await writeFile(join(directory, '.a.1-01234567.tmp'), 'of an older version');
    const cache = await open();
    await cache.writeText('a', 'text');
    await writeFile(cache.unfinishedPath('b'), 'half');
    await cache[Symbol.asyncDispose]();
    expect((await readdir(directory)).sort()).toEqual(['a']);
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe('text');
  });

  it('tells an entry that is not there from one that is empty', async () => {
    const cache = await open();
    await cache.writeText('empty', '');
    expect([await cache.readText('empty'), await cache.readText('absent')]).toEqual(['', undefined]);
    await cache.touch('absent');
    expect(await entries()).toEqual(['empty']);
  });

  it('is closed to others where its kind says so', async () => {
    await (await openCache(top, { ...kind, isPrivate: true }))[Symbol.asyncDispose]();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });
});
