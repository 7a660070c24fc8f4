import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTemporaryName, temporaryName, writeFileAtomic } from '../../src/lib/files.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-files-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('writeFileAtomic', () => {
  it('makes parents, replaces content and leaves nothing else behind', async () => {
    const path = join(directory, 'a/b');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, 'two', 0o600);
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(directory, 'a'))).toEqual(['b']);
  });

  it('leaves the old content and no temporary file when it fails', async () => {
    const path = join(directory, 'file');
    await writeFileAtomic(path, 'old');
    await expect(writeFileAtomic(join(path, 'below'), 'x')).rejects.toThrow();
    expect(await readdir(directory)).toEqual(['file']);
  });
});

describe('temporaryName', () => {
  it('is recognised, and nothing else is', () => {
    expect(isTemporaryName(temporaryName('/x/index.json').slice('/x/'.length))).toBe(true);
    for (const name of ['index.json', '.index.json', '.index.json.tmp', 'x.1-00000000.tmp']) {
      expect(isTemporaryName(name), name).toBe(false);
    }
  });
});
