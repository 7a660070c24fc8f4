import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { replaceFiles } from '../../src/exec/replace-files.ts';

test('replaces files, and removes what killed processes have left of them and of nothing else', async () => {
  const top = await mkdtemp(join(tmpdir(), 'cosa-replace-'));
  onTestFinished(() => rm(top, { recursive: true }));
  const directory = join(top, 'made');
  await replaceFiles(directory, new Map([['cosa.json', 'old']]));
  await writeFile(join(directory, '.cosa.json.1-01234567.tmp'), 'half');
  await writeFile(join(directory, `.cosa.json.${process.pid}-01234567.tmp`), 'half, by another of our number');
  await writeFile(join(directory, '.other.json.1-01234567.tmp'), "another's");
  const both = new Map([
    ['cosa.json', 'new'],
    ['second', 'too'],
  ]);
  await Promise.all([replaceFiles(directory, both), replaceFiles(directory, both), replaceFiles(directory, both)]);
  expect((await readdir(directory)).sort()).toEqual(['.other.json.1-01234567.tmp', 'cosa.json', 'second']);
  expect(await readFile(join(directory, 'cosa.json'), 'utf8')).toBe('new');
});

test('has no file in place of a directory', async () => {
  await expect(replaceFiles('/dev/null/x', new Map([['a', '']]))).rejects.toMatchObject({ code: 'DIRECTORY_UNUSABLE' });
});
