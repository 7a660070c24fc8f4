import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
