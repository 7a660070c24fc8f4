import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commandReference, manualPageFiles } from '../../scripts/command-reference.ts';

test('docs/commands.md is up to date (npm run docs writes it)', async () => {
  const committed = await readFile(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  expect(committed).toBe(await commandReference());
});

test('package.json lists every manual page (npm run docs does it)', async () => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  expect((JSON.parse(text) as { man: string[] }).man).toEqual(await manualPageFiles());
});
