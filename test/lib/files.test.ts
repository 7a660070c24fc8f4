import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTemporaryName, removeTemporaries, temporaryName, writeFileAtomic } from '../../src/lib/files.ts';

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

describe('removeTemporaries', () => {
  beforeEach(async () => {
    for (const name of ['a', 'a.b']) await writeFile(temporaryName(join(directory, name)), 'half');
    await mkdir(join(temporaryName(join(directory, 'c')), 'deep'), { recursive: true });
    await writeFile(join(directory, '.a.tmp'), '');
    await writeFile(join(directory, 'a'), '');
  });

  it('takes those of some files', async () => {
    await removeTemporaries(directory, ['a', 'd']);
    const left = (await readdir(directory)).map((name) => name.replace(/\d+-.*\.tmp$/, '*'));
    expect(left.sort()).toEqual(['.a.b.*', '.a.tmp', '.c.*', 'a']);
  });

  it('takes all', async () => {
    await removeTemporaries(directory);
    expect((await readdir(directory)).sort()).toEqual(['.a.tmp', 'a']);
  });
});
