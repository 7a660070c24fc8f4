import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { tryRun } from '../../src/exec/run.ts';
import { setpriv } from '../../src/exec/tools/setpriv.ts';
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

describe('a set-uid program in the cache', () => {
  /** Whether another user can run it. */
  async function runsForOthers(program: string): Promise<boolean> {
    // setpriv itself keeps root's capabilities until it starts something.
    const other = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', 'sh', '-c', '"$0"', program];
    return (await tryRun(setpriv, other)).exitCode === 0;
  }

  it.each([
    ['a new cache', 0o022, undefined],
    ['a new cache of somebody who hides nothing', 0, undefined],
    ['a cache that an older version left open', 0o022, 0o755],
    ['a cache that everybody may write to', 0, 0o777],
  ])('is out of reach for others, while it is put there and later, in %s', async (_, umask, mode) => {
    await chmod(base, 0o755);
    const directory = join(base, 'cache/roots');
    if (mode !== undefined) {
      await mkdir(directory, { recursive: true });
      await chmod(directory, mode);
    }
    const before = process.umask(umask);
    onTestFinished(() => void process.umask(before));
    let during: boolean | undefined;
    const entry = await directoryCache(directory, 5).fill('k', async (temporary) => {
      const program = join(temporary, 'program');
      await copyFile('/usr/bin/true', program);
      await chmod(program, 0o4755);
      during = await runsForOthers(program);
    });
    expect(during).toBe(false);
    expect(await runsForOthers(join(entry, 'program'))).toBe(false);
    expect((await tryRun({ ...setpriv, name: join(entry, 'program') }, [])).exitCode).toBe(0);
    expect((await stat(directory)).mode & 0o7777).toBe(0o700);
    // What holds it is as open as ever.
    expect((await stat(join(base, 'cache'))).mode & 0o7777).toBe(0o777 & ~umask);
  });

  it('is out of reach again once somebody looks for it', async () => {
    await mkdir(join(base, 'k'));
    await chmod(base, 0o755);
    await directoryCache(base, 5).find('k');
    expect((await stat(base)).mode & 0o7777).toBe(0o700);
  });
});
