import { appendFile, mkdtemp, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { verifiedFiles } from '../../../src/disk/artifacts/verified-files.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';

let directory: string;
let file: string;
const content = 'the disk';
const expected = { size: content.length, sha256: sha256Hex(content) };
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-verified-'));
  file = join(directory, 'disk');
  await writeFile(file, content);
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(directory, { recursive: true });
});

const kept = () => readdir(join(directory, 'cache/checksums')).then((names) => names.filter((name) => name[0] !== '.'));
/** Later than the file system's clock may lag behind. */
const later = () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });

describe('verifiedFiles', () => {
  it('compares a file once, and then only looks whether it has changed', async () => {
    later();
    const verified = verifiedFiles(join(directory, 'cache'));
    expect(await verified.isWhole(file, expected)).toBe(true);
    expect(await kept()).toHaveLength(1);
    // What it remembers counts: a file that it read would not have this checksum.
    const another = sha256Hex('another');
    await verified.remember(file, another);
    expect(await verified.isWhole(file, { ...expected, sha256: another })).toBe(true);
  });

  it('does not remember what may change within the same tick of the clock', async () => {
    expect(await verifiedFiles(join(directory, 'cache')).isWhole(file, expected)).toBe(true);
    await expect(kept()).rejects.toThrow('ENOENT');
  });

  it('sees a changed byte, though size and time are the same', async () => {
    later();
    const verified = verifiedFiles(join(directory, 'cache'));
    await verified.remember(file, expected.sha256);
    const { atime, mtime } = await stat(file);
    {
      await using handle = await open(file, 'r+');
      await handle.write('T', 0);
    }
    await utimes(file, atime, mtime);
    expect(await verified.isWhole(file, expected)).toBe(false);
  });

  it.each([
    ['grown', () => appendFile(file, '.')],
    ['gone', () => rm(file)],
    ['replaced', () => writeFile(`${file}.new`, 'THE DISK').then(() => rename(`${file}.new`, file))],
  ])('sees a file that is %s', async (_, change) => {
    later();
    const verified = verifiedFiles(join(directory, 'cache'));
    await verified.remember(file, expected.sha256);
    await change();
    expect(await verified.isWhole(file, expected)).toBe(false);
  });

  it('does not trust what it remembers under another checksum, or what is no record', async () => {
    later();
    const verified = verifiedFiles(join(directory, 'cache'));
    await verified.remember(file, expected.sha256);
    expect(await verified.isWhole(file, { ...expected, sha256: sha256Hex('another') })).toBe(false);
    const [name = ''] = await kept();
    await writeFile(join(directory, 'cache/checksums', name), '{');
    expect(await verified.isWhole(file, expected)).toBe(true);
  });
});
