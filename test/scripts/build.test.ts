import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../../dist');

test('the built program imports nothing by the name that it has in the sources', async () => {
  const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.js'));
  expect(files).toContain('cli/run.js');
  const wrong: string[] = [];
  for (const file of files) {
    const text = await readFile(join(dist, file), 'utf8');
    if (/\b(?:from|import)\b[\s(]*['"]\.[^'"]*\.ts['"]/.test(text)) wrong.push(file);
  }
  expect(wrong).toEqual([]);
});

test('the built program finds the scripts of its threads, and ends with threads that have nothing to do', () => {
  const script = `
    const [{ compressed }, { compressionPool }, { decompressZstd }] = await Promise.all(
      ['compressed', 'pool', 'decompress-zstd'].map((name) => import(process.argv[1] + name + '.js')));
    const fill = (buffer) => buffer.write('hello');
    const pool = compressionPool();
    const pieces = [];
    for await (const piece of decompressZstd(compressed(fill, 'zstd', pool))) pieces.push(piece);
    for await (const piece of compressed(fill, 'gzip', pool)) pieces.push(piece);
    pool[Symbol.dispose]();
    console.log(Buffer.concat(pieces).toString('hex'));`;
  const modules = `${pathToFileURL(join(dist, 'lib/compress')).href}/`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script, modules], {
    timeout: 60_000,
  });
  const gzipMagic = '1f8b';
  expect(output.toString()).toMatch(`${Buffer.from('hello').toString('hex')}${gzipMagic}`);
});
