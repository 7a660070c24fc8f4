import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directoryCache } from '../../src/pipeline/cache.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
});
afterEach(async () => {
  await rm(base, { recursive: true });
});

describe('directoryCache', () => {
  it('does the work once for a key, also when two ask at the same time', async () => {
    const cache = directoryCache(base, 5);
    let times = 0;
    const make = async (directory: string) => {
      times++;
      await writeFile(join(directory, 'file'), 'x');
    };
    const paths = await Promise.all([cache.fill('k', make), cache.fill('k', make), cache.fill('k', make)]);
    expect(times).toBe(1);
    expect(new Set(paths)).toEqual(new Set([join(base, 'k')]));
    expect(await readFile(join(base, 'k/file'), 'utf8')).toBe('x');
    expect(await cache.find('k')).toBe(join(base, 'k'));
    expect(await cache.find('other')).toBeUndefined();
  });

  it('keeps nothing of work that failed', async () => {
    const cache = directoryCache(base, 5);
    await expect(cache.fill('k', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect((await readdir(base)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  it('removes what a killed process left for the key, and nobody else’s', async () => {
    await mkdir(join(base, '.k.123-00000000.tmp'));
    await mkdir(join(base, '.other.123-00000000.tmp'));
    await directoryCache(base, 5).fill('k', () => Promise.resolve());
    expect((await readdir(base)).filter((name) => name.endsWith('.tmp'))).toEqual(['.other.123-00000000.tmp']);
  });

  it('evicts the least recently used beyond the limit, but none that may be in use', async () => {
    const cache = directoryCache(base, 2);
    for (const [age, key] of [
      [3, 'a'],
      [2, 'b'],
    ] as const) {
      await mkdir(join(base, key));
      const time = new Date(Date.now() - age * 24 * 3600 * 1000);
      await utimes(join(base, key), time, time);
    }
    await cache.fill('c', () => Promise.resolve());
    await cache.fill('d', () => Promise.resolve());
    await cache.fill('e', () => Promise.resolve());
    expect((await readdir(base)).filter((name) => !name.startsWith('.')).sort()).toEqual(['c', 'd', 'e']);
  });
});
