import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commandReference } from '../../scripts/command-reference.ts';

test('docs/commands.md is up to date (npm run docs writes it)', async () => {
  const committed = await readFile(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  expect(committed).toBe(await commandReference());
});
