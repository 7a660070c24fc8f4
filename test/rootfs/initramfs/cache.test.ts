import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initramfsCache } from '../../../src/rootfs/initramfs/cache.ts';
import { temporaryDirectory, writeTree } from '../support.ts';

const tracked = [{ what: 'content', path: '/etc/a' }] as const;

async function setUp() {
  const cacheDirectory = await temporaryDirectory();
  const directory = join(cacheDirectory, 'initramfs');
  const root = await writeTree({ 'etc/a': '1' });
  const scratch = await writeTree({ image: 'image 1' });
  const destination = join(scratch, 'found');
  return { directory, root, scratch, destination, cache: initramfsCache(cacheDirectory) };
}

const entries = async (directory: string) => (await readdir(directory)).filter((name) => !name.startsWith('.'));

describe('initramfsCache', () => {
  it('finds an image again for each state of what was tracked', async () => {
    const { cache, root, scratch, destination } = await setUp();
    expect(await cache.find('base', root, destination)).toBe(false);
    await cache.keep('base', root, tracked, join(scratch, 'image'));
    await writeFile(join(root, 'etc/a'), '2');
    expect(await cache.find('base', root, destination)).toBe(false);
    await writeFile(join(scratch, 'image'), 'image 2');
    await cache.keep('base', root, tracked, join(scratch, 'image'));
    for (const state of ['1', '2']) {
      await writeFile(join(root, 'etc/a'), state);
      expect(await cache.find('base', root, destination)).toBe(true);
      expect(await readFile(destination, 'utf8')).toBe(`image ${state}`);
    }
    expect(await cache.find('another base', root, destination)).toBe(false);
  });

  it('lets two keep the same image', async () => {
    const { cache, directory, root, scratch } = await setUp();
    await Promise.all([1, 2, 3].map(() => cache.keep('base', root, tracked, join(scratch, 'image'))));
    expect(await entries(directory)).toHaveLength(1);
  });

  it('forgets the least recently used', async () => {
    const { cache, directory, root, scratch, destination } = await setUp();
    for (const state of ['1', '2', '3', '4', '5', '6']) {
      await writeFile(join(root, 'etc/a'), state);
      await cache.keep('base', root, tracked, join(scratch, 'image'));
      for (const name of await entries(directory)) await utimes(join(directory, name), 1, 1);
      if (state === '5') {
        await writeFile(join(root, 'etc/a'), '1');
        await cache.find('base', root, destination);
      }
    }
    expect(await entries(directory)).toHaveLength(5);
    await writeFile(join(root, 'etc/a'), '1');
    expect(await cache.find('base', root, destination)).toBe(true);
  });

  it('does not use an image that is not what was kept, and removes what killed processes left', async () => {
    const { cache, directory, root, scratch, destination } = await setUp();
    await cache.keep('base', root, tracked, join(scratch, 'image'));
    const [name = ''] = await entries(directory);
    await writeFile(join(directory, name, 'initramfs.img'), 'imago 1');
    await mkdir(join(directory, '.x.1-01234567.tmp'));
    expect(await cache.find('base', root, destination)).toBe(false);
    await cache.keep('base', root, tracked, join(scratch, 'image'));
    expect(await cache.find('base', root, destination)).toBe(true);
    expect(await readFile(destination, 'utf8')).toBe('image 1');
    expect((await readdir(directory)).sort()).toEqual(['.lock', name]);
  });

  it('takes a damaged entry for none', async () => {
    const { cache, directory, root, scratch, destination } = await setUp();
    await cache.keep('base', root, tracked, join(scratch, 'image'));
    const [name = ''] = await entries(directory);
    for (const content of ['', '{"base":1}', '[]']) {
      await writeFile(join(directory, name, 'inputs.json'), content);
      expect(await cache.find('base', root, destination)).toBe(false);
    }
  });
});
