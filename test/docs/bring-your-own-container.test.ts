import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { diskConfigSchema } from '../../src/contract/image-config.ts';

it('docs/bring-your-own-container.md has every default that a container without image.json gets', () => {
  const page = readFileSync(new URL('../../docs/bring-your-own-container.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| `(.*)` \|$/gm)].map(([, key, value]) => [key, value]);
  const defaults = Object.entries(diskConfigSchema.parse({})).map(([key, value]) => [key, JSON.stringify(value)]);
  expect(rows).toEqual(defaults);
});
