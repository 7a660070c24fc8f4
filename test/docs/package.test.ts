import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const checkout = resolve(import.meta.dirname, '../..');

test('README clones from where package.json says that the program is', async () => {
  const readme = await readFile(resolve(checkout, 'README.md'), 'utf8');
  const addresses = [...readme.matchAll(/^\$ git clone (\S+)/gm)].map(([, address]) => address);
  expect(addresses).toEqual([manifest.repository.url.replace(/^git\+/, '')]);
});

test('README asks for the Node.js that package.json does', async () => {
  const readme = await readFile(resolve(checkout, 'README.md'), 'utf8');
  expect(readme).toContain(`Node.js ${manifest.engines.node.replace('>=', '')} or newer`);
});

test('nobody can publish it under a name that is another project', () => {
  expect(manifest.name).toMatch(/^@[a-z-]+\/cosa$/);
  expect(manifest.private).toBe(true);
});
